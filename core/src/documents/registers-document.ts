import { GITS_TRANSLATER, hex, type MsixVector, type SavedIts } from '../abi/index.ts'
import type { SavedMachine } from '../formats/index.ts'
import { type Address, address, type RegisterValue } from './hexadecimal.ts'

/** What `vits show --view registers --json` prints, and what is read beside raw RAM: numbers may stand for its hexadecimal strings there. */
export interface RegistersDocument {
  /** Version of this document: keys may be added under the same number, and none goes or changes its meaning. */
  readonly schema: 1
  /** What the file is recognised by. */
  readonly format: 'vits-registers'
  /** The machine, for people. */
  readonly machine?: string
  /** The ITSes in the order of their creation; at least one. */
  readonly itses: readonly ItsRegistersDocument[]
  /** One of each vCPU. */
  readonly redistributors: readonly RedistributorDocument[]
  /** All guest RAM, in pieces of whole pages. */
  readonly ram: readonly RamPieceDocument[]
  /** The PCI functions, where their MSIs are known. */
  readonly msi?: readonly MsiFunctionDocument[]
}

/** Printed as a string; a file may have a whole number instead. */
type Word = RegisterValue | number

export interface ItsRegistersDocument {
  /** Where its frames are; null or left out where that is not known, and then no MSI is known to be its. */
  readonly base?: Address | number | null
  readonly ctlr: Word
  readonly iidr: Word
  readonly cbaser: Word
  readonly cwriter: Word
  readonly creadr: Word
  /** GITS_BASER0 to GITS_BASER7. */
  readonly baser: readonly Word[]
}

export interface RedistributorDocument {
  /** GICR_TYPER's processor number: its place in this list where left out. */
  readonly vcpuId?: number
  readonly ctlr: Word
  readonly propbaser: Word
  readonly pendbaser: Word
}

export interface RamPieceDocument {
  readonly base: Address | number
  readonly bytes: number
  /** The file that holds it; null where no file does. One file for all may be left out, and named on the command line. */
  readonly file?: string | null
  /** Where it begins in the file: 0 where left out. */
  readonly offset?: number
}

export interface MsiFunctionDocument {
  /** Its section: `0000:00:04.0/virtio-net`. */
  readonly name: string
  readonly deviceId: number
  /** Its own bus << 8 | device << 3 | function, where that is not its DeviceID. */
  readonly routingId?: number
  readonly kind: 'MSI-X' | 'MSI' | 'unread'
  readonly enabled: boolean
  readonly vectors: readonly MsiVectorDocument[]
}

export interface MsiVectorDocument {
  /** Where it writes: GITS_TRANSLATER of an ITS, or something else; behind an IOMMU what that makes of it, where it is known. */
  readonly address: Word
  readonly data: number
  readonly masked: boolean
}

/** The registers of a machine, and its RAM as one file that holds it in address order has it. */
export function registersDocument({
  machine,
  registers,
  ranges,
  msi,
}: Pick<SavedMachine, 'machine' | 'registers' | 'ranges' | 'msi'>): RegistersDocument {
  let offset = 0
  return {
    schema: 1,
    format: 'vits-registers',
    machine,
    itses: registers.itses.map(({ base, ctlr, iidr, cbaser, cwriter, creadr, baser }) => ({
      base: address(base),
      ctlr: hex(ctlr),
      iidr: hex(iidr),
      cbaser: hex(cbaser),
      cwriter: hex(cwriter),
      creadr: hex(creadr),
      baser: baser.map(hex),
    })),
    redistributors: registers.redistributors.map(({ vcpuId, ctlr, propbaser, pendbaser }) => ({
      vcpuId,
      ctlr: hex(ctlr),
      propbaser: hex(propbaser),
      pendbaser: hex(pendbaser),
    })),
    ram: ranges.map(({ base, bytes }) => {
      const piece = { base: hex(base), bytes, file: 'ram.bin', offset }
      offset += bytes
      return piece
    }),
    msi: msi.map(({ name, deviceId, routingId, kind, enabled, vectors }) => ({
      name,
      deviceId,
      ...(routingId !== undefined && { routingId }),
      kind,
      enabled,
      vectors: vectors.map((vector) => vectorDocument(vector, registers.itses)),
    })),
  }
}

function vectorDocument({ address: to, target, data, masked }: MsixVector, itses: readonly SavedIts[]): MsiVectorDocument {
  const base = target.kind === 'translated' ? itses[target.its]?.base : undefined
  return { address: hex(base === undefined ? to : base + GITS_TRANSLATER), data, masked }
}
