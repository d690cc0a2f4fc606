import { GITS_TRANSLATER, hex, type MsiFunction, type MsixVector, type SavedIts } from '../../abi/index.ts'
import { bytesSource, type MachineFile } from '../index.ts'
import type { DressedMachine } from './dressed-machine.ts'

/** The file of registers of a machine whose RAM is in one file, ram.bin, behind each other. */
export function rawJson({ registers, ram, msi }: DressedMachine): string {
  let offset = 0
  const document = {
    schema: 1,
    format: 'vits-registers',
    itses: registers.itses,
    redistributors: registers.redistributors,
    ram: ram.map(({ base, bytes }) => {
      const piece = { base: hex(base), bytes: bytes.length, file: 'ram.bin', offset }
      offset += bytes.length
      return piece
    }),
    msi: msi?.map((one) => physical(one, registers.itses)),
  }
  return JSON.stringify(document, (_, value: unknown) => (typeof value === 'bigint' ? hex(value) : value))
}

/** With addresses as they are behind an IOMMU. */
const physical = ({ vectors, ...one }: MsiFunction, itses: readonly SavedIts[]): MsiFunction => ({
  ...one,
  vectors: vectors.map((vector): MsixVector => {
    const { target } = vector
    const base = target.kind === 'translated' ? itses[target.its]!.base : undefined
    return base === undefined ? vector : { ...vector, address: BigInt(base + GITS_TRANSLATER) }
  }),
})

/** The two files. */
export function rawFiles(machine: DressedMachine, json = rawJson(machine)): MachineFile[] {
  return [
    { name: 'regs.json', source: bytesSource(new Uint8Array(Buffer.from(json))) },
    { name: 'ram.bin', source: bytesSource(new Uint8Array(Buffer.concat(machine.ram.map(({ bytes }) => bytes)))) },
  ]
}
