import {
  GICR_TYPER,
  type GicRegisters,
  ITS_FRAME_BYTES,
  type MsiFunction,
  msiTarget,
  type RedistributorRegisters,
  type SavedIts,
  VGIC_V3_MAX_CPUS,
} from '../../abi/index.ts'
import { GPA_LIMIT, type Gpa, type GpaRange } from '../../memory/index.ts'
import type { Edit } from '../edits.ts'
import { printable } from '../format-error.ts'
import type { JsonValue } from '../json/json-value.ts'
import { MOST_ITSES } from '../saved-machine.ts'

/** What the member "format" of such a file says, and the only number of its member "schema". */
export const REGISTERS_FORMAT = 'vits-registers'
export const REGISTERS_SCHEMA = 1

const { processorNumber } = GICR_TYPER.fields
const PROCESSOR_NUMBERS = 2 ** (processorNumber.hi - processorNumber.lo + 1)
const DEVICE_IDS = 2 ** 32
const ROUTING_IDS = 2 ** 16
const MOST_PIECES = 1 << 16
const MOST_FUNCTIONS = 1 << 16
const MOST_VECTORS = 2048
const U32 = 2n ** 32n

/** A piece of guest RAM as the file lists it. */
export interface ListedPiece extends GpaRange {
  /** The file that holds it; nothing where that is left open, null where none does. */
  readonly file: string | null | undefined
  /** Where it begins there. */
  readonly offset: number
  readonly value: JsonValue
}

/** What a file of registers says. */
export interface RegistersFile {
  readonly machine: string
  readonly registers: GicRegisters
  readonly ram: readonly ListedPiece[]
  readonly msi: readonly MsiFunction[]
  /** The redistributors, where they lie in the file. */
  readonly redistributors: readonly JsonValue[]
}

/** @throws FormatError for whatever is not as docs/formats/raw.md says. */
export function readRegisters(file: JsonValue): RegistersFile {
  const members = file.members()
  if (file.member('format').string() !== REGISTERS_FORMAT) throw file.member('format').wrong(`"${REGISTERS_FORMAT}"`)
  if (file.member('schema').count() !== REGISTERS_SCHEMA) throw file.member('schema').wrong(`${REGISTERS_SCHEMA}`)
  const itses = readItses(file.member('itses'))
  const redistributors = file.member('redistributors').elements(VGIC_V3_MAX_CPUS)
  return {
    machine: members.get('machine')?.string() ?? 'machine not told',
    registers: { itses, redistributors: readRedistributors(file.member('redistributors'), redistributors) },
    ram: file.member('ram').elements(MOST_PIECES).map(readPiece),
    msi:
      members
        .get('msi')
        ?.elements(MOST_FUNCTIONS)
        .map((one) => readFunction(one, itses)) ?? [],
    redistributors,
  }
}

function readItses(list: JsonValue): SavedIts[] {
  const itses = list.elements(MOST_ITSES).map(readIts)
  const bases = itses.flatMap(({ base }) => base ?? [])
  if (itses.length === 0) throw list.wrong('an ITS')
  if (new Set(bases).size < bases.length) throw list.wrong('ITSes at different addresses')
  return itses
}

function readIts(its: JsonValue): SavedIts {
  const word = (name: string, limit?: bigint) => its.member(name).word(limit)
  const base = its.members().get('base')
  const baser = its.member('baser').elements(8)
  if (baser.length !== 8) throw its.member('baser').wrong('8 GITS_BASER registers')
  return {
    base: base === undefined || base.isNull ? undefined : frameAt(base),
    ctlr: Number(word('ctlr', U32)),
    iidr: Number(word('iidr', U32)),
    cbaser: word('cbaser'),
    cwriter: word('cwriter'),
    creadr: word('creadr'),
    baser: baser.map((register) => register.word()),
  }
}

function frameAt(base: JsonValue): Gpa {
  const at = base.word(BigInt(GPA_LIMIT))
  // KVM puts frames on 64 KiB only.
  if (at % BigInt(ITS_FRAME_BYTES / 2) !== 0n) throw base.wrong('the address of an ITS')
  return Number(at) as Gpa
}

function readRedistributors(list: JsonValue, redistributors: readonly JsonValue[]): RedistributorRegisters[] {
  if (redistributors.length === 0) throw list.wrong('a redistributor for each vCPU')
  const seen = new Set<number>()
  return redistributors.map((one, index) => {
    const vcpuId = one.members().get('vcpuId')?.count(PROCESSOR_NUMBERS) ?? index
    if (seen.has(vcpuId)) throw one.wrong('one redistributor for each vCPU')
    seen.add(vcpuId)
    const word = (name: string, limit?: bigint) => one.member(name).word(limit)
    return { vcpuId, ctlr: Number(word('ctlr', U32)), propbaser: word('propbaser'), pendbaser: word('pendbaser') }
  })
}

function readPiece(value: JsonValue): ListedPiece {
  const members = value.members()
  const [base, bytes] = [value.member('base').word(), value.member('bytes').word()]
  if (base + bytes > GPA_LIMIT) throw value.wrong('RAM below 2^52')
  const file = members.get('file')
  return {
    base: Number(base) as Gpa,
    bytes: Number(bytes),
    file: file?.isNull === true ? null : file?.string(),
    offset: Number(members.get('offset')?.word(BigInt(Number.MAX_SAFE_INTEGER)) ?? 0n),
    value,
  }
}

function readFunction(one: JsonValue, itses: readonly SavedIts[]): MsiFunction {
  const members = one.members()
  const name = one.member('name').string()
  const kind = (['MSI-X', 'MSI', 'unread'] as const).find((word) => word === one.member('kind').string())
  if (printable(name) !== name) throw one.member('name').wrong('a short name in ASCII')
  if (kind === undefined) throw one.member('kind').wrong('MSI-X, MSI or unread')
  const routingId = members.get('routingId')
  return {
    name,
    deviceId: Number(one.member('deviceId').word(BigInt(DEVICE_IDS))),
    ...(routingId !== undefined && { routingId: Number(routingId.word(BigInt(ROUTING_IDS))) }),
    kind,
    enabled: one.member('enabled').boolean(),
    vectors: one
      .member('vectors')
      .elements(MOST_VECTORS)
      .map((vector) => {
        const address = vector.member('address').word()
        const data = Number(vector.member('data').word(U32))
        return { address, target: msiTarget(address, itses), data, masked: vector.member('masked').boolean() }
      }),
  }
}

/** The edits of the file after which its redistributors have the GICR_PROPBASER and GICR_PENDBASER of `to`. */
export function redistributorEdits({ registers, redistributors }: RegistersFile, to: readonly RedistributorRegisters[]): Edit[] {
  const edits = registers.redistributors.flatMap((was, i) =>
    (['propbaser', 'pendbaser'] as const).flatMap((name) => {
      const value = to[i]![name]
      return value === was[name] ? [] : [redistributors[i]!.member(name).replacedBy(value)]
    }),
  )
  return edits.sort((a, b) => a.offset - b.offset)
}
