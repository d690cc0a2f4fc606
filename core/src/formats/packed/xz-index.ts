import { FormatError } from '../format-error.ts'
import { crc32 } from './crc32.ts'
import type { PackedInput } from './packed-input.ts'
import { wrongSum } from './wrong-sum.ts'
import { readNumber } from './xz-fields.ts'

const WORD = 4
/** Two numbers of nine bytes. */
const LONGEST_RECORD = 18

/**
 * The sizes of the blocks of a stream, as the index lists them. Kept of them is their number and a digest, however many there are: an
 * index has no more bytes to lie with than that a stream had blocks.
 */
export class BlockSizes {
  count = 0
  #digest = 0
  readonly #record = new DataView(new ArrayBuffer(16))

  add(packedBytes: number, bytes: number): void {
    this.count++
    this.#record.setFloat64(0, packedBytes)
    this.#record.setFloat64(8, bytes)
    this.#digest = crc32(new Uint8Array(this.#record.buffer), this.#digest)
  }

  equals(other: BlockSizes): boolean {
    return this.count === other.count && this.#digest === other.#digest
  }
}

/**
 * Reads the index of a stream, which begins with a zero, and holds it against the blocks before it where those are given. Answers its
 * length.
 *
 * @throws FormatError Source: the .xz file format 1.2.1, 4.
 */
export async function readIndex(input: PackedInput, blocks: BlockSizes | undefined): Promise<number> {
  const { place } = input
  const what = 'the index of an xz stream'
  let crc = 0
  const passed = (from: number) => {
    crc = crc32(input.bytes.subarray(from, input.at), crc)
  }
  const numbers = async (bytes: number, count: number): Promise<number[]> => {
    if (input.end - input.at < bytes && !input.isLast) await input.refill()
    const start = input.at
    const values = Array.from({ length: count }, () => readNumber(input, input.end, what))
    passed(start)
    return values
  }
  input.at++
  crc = crc32(Uint8Array.of(0))
  const [count] = await numbers(LONGEST_RECORD, 1)
  if (blocks !== undefined && count !== blocks.count)
    throw new FormatError(place + 1, `${what} of ${blocks.count} blocks`, `one of ${count}`)
  const listed = new BlockSizes()
  for (let i = 0; i < count!; i++) {
    const [packedBytes, bytes] = await numbers(LONGEST_RECORD, 2)
    listed.add(packedBytes!, bytes!)
  }
  if (blocks !== undefined && !blocks.equals(listed))
    throw new FormatError(place, `${what} with the sizes of its blocks`, 'other sizes')
  const padding = -(input.place - place) & (WORD - 1)
  await input.need(padding + WORD, what)
  const start = input.at
  if (input.bytes.subarray(start, start + padding).some((byte) => byte !== 0))
    throw new FormatError(input.place, 'zeros behind the index of an xz stream', 'others')
  input.at += padding
  passed(start)
  const kept = new DataView(input.bytes.buffer, input.bytes.byteOffset + input.at, WORD).getUint32(0, true)
  if (crc !== kept) throw wrongSum(input.place, what, { found: crc, kept })
  input.at += WORD
  return input.place - place
}
