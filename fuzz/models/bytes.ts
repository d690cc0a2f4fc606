import { edgeNumber } from '../numbers.ts'
import type { Random } from '../random.ts'
import type { Mutator } from '../target.ts'

/** A file as bytes. */
export interface BytesModel {
  bytes: Uint8Array
  /** Places where something is said, and not only data goes on: most mutations are there. */
  readonly telling: Uint32Array
  /** Other files of the same kind, of which pieces are taken. */
  readonly others: readonly Uint8Array[]
}

const LARGEST = 4 << 20
const WIDTHS = [1, 2, 4, 8] as const

/** The places of `bytes` that have another value within eight bytes of them. */
export function tellingPlaces(bytes: Uint8Array): Uint32Array {
  const places: number[] = []
  let change = Number.NEGATIVE_INFINITY
  for (let at = 0; at < bytes.length; at++) {
    if (at + 8 < bytes.length && bytes[at + 8] !== bytes[at + 7]) change = at + 8
    if (at - change <= 8) places.push(at)
  }
  return Uint32Array.from(places)
}

/** A model of each of these files, made anew each time. */
export function bytesCorpus(files: ReadonlyMap<string, Uint8Array>): ReadonlyMap<string, () => BytesModel> {
  const others = [...files.values()]
  return new Map(
    [...files].map(([name, file]) => {
      const telling = tellingPlaces(file)
      return [name, () => ({ bytes: file.slice(), telling, others })]
    }),
  )
}

function place({ bytes, telling }: BytesModel, random: Random): number {
  const at =
    telling.length === 0 || random.once(16) ? random.below(Math.max(1, bytes.length)) : telling[random.below(telling.length)]!
  return Math.min(at, Math.max(0, bytes.length - 1))
}

function length(random: Random): number {
  return random.once(4) ? random.pick([512, 4096, 4104, 65536]) : random.below(2 ** random.below(10)) + 1
}

function replace(model: BytesModel, from: number, remove: number, insert: Uint8Array): void {
  const { bytes } = model
  const end = Math.min(bytes.length, from + remove)
  const changed = new Uint8Array(from + insert.length + bytes.length - end)
  if (changed.length > LARGEST) return
  changed.set(bytes.subarray(0, from))
  changed.set(insert, from)
  changed.set(bytes.subarray(end), from + insert.length)
  model.bytes = changed
}

const flipBit: Mutator<BytesModel> = (model, random) => {
  const at = place(model, random)
  if (at < model.bytes.length) model.bytes[at]! ^= 1 << random.below(8)
}

/** A number of 1 to 8 bytes, in either order, becomes another: an edge, or a little more or less than it was. */
const setNumber: Mutator<BytesModel> = (model, random) => {
  const width = random.pick(WIDTHS)
  const at = place(model, random)
  if (at + width > model.bytes.length) return
  const view = new DataView(model.bytes.buffer, model.bytes.byteOffset + at, width)
  const little = random.once(3)
  const order = (i: number) => (little ? i : width - 1 - i)
  let value = BigInt(edgeNumber(random, width * 8))
  if (random.once(3)) {
    let was = 0n
    for (let i = width - 1; i >= 0; i--) was = was * 256n + BigInt(view.getUint8(order(i)))
    value = was + BigInt(random.below(17) - 8)
  }
  for (let i = 0; i < width; i++) view.setUint8(order(i), Number((value >> BigInt(i * 8)) & 0xffn))
}

const fillRange: Mutator<BytesModel> = (model, random) => {
  const at = place(model, random)
  model.bytes.fill(random.pick([0, 0xff, 0x80, random.below(256)]), at, at + length(random))
}

const copyRange: Mutator<BytesModel> = (model, random) => {
  const from = place(model, random)
  model.bytes.copyWithin(place(model, random), from, from + length(random))
}

const removeRange: Mutator<BytesModel> = (model, random) =>
  replace(model, place(model, random), length(random), new Uint8Array(0))

const insertRange: Mutator<BytesModel> = (model, random) => {
  const piece = new Uint8Array(length(random))
  if (random.once(2)) for (let i = 0; i < Math.min(64, piece.length); i++) piece[i] = random.below(256)
  replace(model, place(model, random), 0, piece)
}

const repeatRange: Mutator<BytesModel> = (model, random) => {
  const at = place(model, random)
  const piece = model.bytes.slice(at, at + length(random))
  const copies = random.few(8) ** 2
  const repeated = new Uint8Array(piece.length * copies)
  for (let i = 0; i < copies; i++) repeated.set(piece, i * piece.length)
  replace(model, at, 0, repeated)
}

const truncate: Mutator<BytesModel> = (model, random) => {
  model.bytes = model.bytes.slice(0, place(model, random))
}

const splice: Mutator<BytesModel> = (model, random) => {
  const other = random.pick(model.others)
  const from = random.below(other.length + 1)
  const piece = other.subarray(from, from + length(random))
  replace(model, place(model, random), random.once(2) ? piece.length : 0, piece)
}

/** What leaves everything else where it is. */
export const inPlaceMutators: readonly Mutator<BytesModel>[] = [
  flipBit,
  flipBit,
  flipBit,
  setNumber,
  setNumber,
  setNumber,
  setNumber,
  fillRange,
  copyRange,
]

/** What changes bytes of any file. The lighter ones come more often: they leave more of it to be read. */
export const byteMutators: readonly Mutator<BytesModel>[] = [
  ...inPlaceMutators,
  removeRange,
  insertRange,
  repeatRange,
  truncate,
  splice,
]
