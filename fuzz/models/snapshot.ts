import { bytesSource, type FilePart, type MachineFile } from '@vits/core/formats'
import { coalesce, GuestMemory, PAGE_BYTES } from '@vits/core/memory'
import { lpiRanges, registerRanges } from '@vits/core/tables'
import type { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { crc64 } from '../../core/src/formats/firecracker/crc64.ts'
import { type BareVm, type Clothing, nonzeroPages } from '../../core/src/formats/testing/clothing.ts'
import { edgeNumber } from '../numbers.ts'
import type { Mutator } from '../target.ts'
import { type BytesModel, byteMutators, tellingPlaces } from './bytes.ts'

/** A dump begins with all that says how it is to be read. */
const LONGEST_HEAD = 1 << 16
const CRC_BYTES = 8

/** The files of a saved VM: the one that says how the others are read is what is damaged. */
export interface SnapshotModel extends BytesModel {
  /** The name of that file, and what lies behind `bytes` in it. */
  readonly name: string
  readonly rest: Uint8Array
  readonly beside: Map<string, Uint8Array>
  /** The checksum that ends it is made right. */
  isSigned: boolean
}

/** What a file is for that does not tell it itself. */
const parts: Readonly<Record<string, FilePart>> = { mem: 'memory' }

/** A planted VM that has no other RAM than its tables and what lies somewhere. */
export function smallVm(planted: PlantedVm): BareVm {
  const { registers, msi = [], virtio = [], vcpus = [] } = planted.input()
  const itses = registers.itses.map((its) => ({ ...its, baser: Array.from({ length: 8 }, (_, i) => its.baser[i] ?? 0n) }))
  const pages = nonzeroPages(planted.memory)
  const tables = [...registers.itses.flatMap((_, its) => registerRanges(registers, its)), ...lpiRanges(registers)]
  const ranges = [...pages.keys()].map((base) => ({ base, bytes: PAGE_BYTES }))
  const whole = tables.map(({ base, bytes }) => ({ base, bytes: Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES }))
  const memory = new GuestMemory(coalesce([...ranges, ...whole]))
  for (const [at, page] of pages) memory.write(at, page)
  return { memory, registers: { ...registers, itses }, msi, virtio, vcpus }
}

/** The models of a VM as a format has it, made anew each time. */
export async function snapshotModels(vm: BareVm, clothing: Clothing): Promise<() => SnapshotModel> {
  const files = new Map<string, Uint8Array>()
  for (const { name, source } of await clothing.files(vm)) files.set(name, (await source.slice(0, source.byteLength)).slice())
  const [name, whole] = files.entries().next().value!
  files.delete(name)
  const head = files.size === 0 ? whole.subarray(0, LONGEST_HEAD) : whole
  const rest = whole.subarray(head.length)
  const telling = tellingPlaces(head)
  return () => ({ bytes: head.slice(), telling, others: [head], name, rest, beside: new Map(files), isSigned: false })
}

/** A number that is written out becomes another: an edge, or a little more or less than it was. */
const digits: Mutator<SnapshotModel> = (model, random) => {
  const text = Buffer.from(model.bytes).toString('latin1')
  const numbers = /[0-9]+/g
  numbers.lastIndex = random.below(text.length + 1)
  const found = numbers.exec(text)
  if (found === null) return
  const is = BigInt(found[0]) + BigInt(random.below(9) - 4)
  const other = random.once(2) ? is : BigInt(edgeNumber(random, random.pick([4, 8, 16, 32, 64, 65])))
  const { index } = found
  model.bytes = new Uint8Array(Buffer.from(`${text.slice(0, index)}${other}${text.slice(index + found[0].length)}`, 'latin1'))
}

/** Another file is longer or shorter, or is not there. */
const beside: Mutator<SnapshotModel> = ({ beside: files }, random) => {
  if (files.size === 0) return
  const [name, bytes] = random.pick([...files])
  if (random.once(8)) files.delete(name)
  else if (random.once(2)) files.set(name, bytes.subarray(0, random.below(bytes.length + 1)))
  else files.set(name, new Uint8Array(Buffer.concat([bytes, new Uint8Array(1 + random.below(2 * PAGE_BYTES))])))
}

const sign: Mutator<SnapshotModel> = (model, random) => {
  model.isSigned = true
  random.pick(byteMutators)(model, random)
}

export const snapshotMutators: readonly Mutator<SnapshotModel>[] = [
  ...byteMutators,
  digits,
  digits,
  digits,
  sign,
  sign,
  sign,
  sign,
  beside,
]

/** All files of a VM as one: a line for each with its name, length and part, an empty line, and their bytes. */
export function snapshotFile({ bytes, name, rest, beside: others, isSigned }: SnapshotModel): Uint8Array {
  const first = new Uint8Array(Buffer.concat([isSigned ? signed(bytes) : bytes, rest]))
  const files: readonly (readonly [string, Uint8Array])[] = [[name, first], ...others]
  const index = files.map(([each, { length }]) => `${each} ${length} ${parts[each] ?? ''}\n`).join('')
  return new Uint8Array(Buffer.concat([Buffer.from(`${index}\n`), ...files.map(([, contents]) => contents)]))
}

/** The files that are in one. */
export function filesOf(file: Uint8Array): MachineFile[] {
  const index = Buffer.from(file.subarray(0, 4096)).toString('latin1').split('\n\n', 1)[0]!
  let at = index.length + 2
  return index.split('\n').map((line) => {
    const [name, length, part] = line.split(' ') as [string, string, FilePart | '']
    const bytes = file.subarray(at, at + Number(length))
    at += bytes.length
    return { name, source: bytesSource(bytes), ...(part && { part }) }
  })
}

/** Firecracker's state ends with the CRC of all before it. */
function signed(bytes: Uint8Array): Uint8Array {
  if (bytes.length < CRC_BYTES) return bytes
  const end = bytes.length - CRC_BYTES
  new DataView(bytes.buffer, bytes.byteOffset).setBigUint64(end, crc64(bytes.subarray(0, end)), true)
  return bytes
}
