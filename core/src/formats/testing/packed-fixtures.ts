import { readFileSync } from 'node:fs'
import type { Compression } from '../origin.ts'

/** How far back a KiB repeats what was there. */
const DISTANCES = [97, 997, 40_009]
const LONGEST_RUN = 4000

/** What the files of fixtures/packed hold: repetitions, runs of every length up to 300 and beyond, and bytes that do neither. */
export function sample(bytes: number): Uint8Array {
  const contents = new Uint8Array(bytes)
  let state = 1
  for (let at = 0; at < bytes; at++) {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff
    const distance = DISTANCES[(at >> 10) % DISTANCES.length]!
    contents[at] = at >= distance && state % 1009 !== 0 ? contents[at - distance]! : state >>> 16
  }
  for (let run = 1, at = 100; at < bytes; at += 700 + run, run++)
    contents.fill(run, at, at + (run % 40 === 0 ? LONGEST_RUN : run % 300))
  return contents
}

/** A file of fixtures/packed, made by the program that the compression is named after. */
export interface PackedFixture {
  readonly compression: Compression
  readonly file: string
  readonly contents: () => Uint8Array
}

const tiny = () => sample(600)
const large = () => sample(300_000)
const named = (compression: Compression, contents: () => Uint8Array, files: readonly string[]): PackedFixture[] =>
  files.map((file) => ({ compression, file, contents }))

/** Small ones, with every check that there is. */
export const tinyFixtures: readonly PackedFixture[] = [
  ...named('bzip2', tiny, ['tiny-1.bz2']),
  ...named('xz', tiny, ['tiny-crc32.xz', 'tiny-crc64.xz', 'tiny-sha256.xz']),
  ...named('lzop', tiny, ['tiny-adler32.lzo', 'tiny-crc32.lzo', 'tiny-both.lzo']),
]

/** Of several blocks, of several levels, and without checks. */
export const otherFixtures: readonly PackedFixture[] = [
  ...named('bzip2', large, ['large-1.bz2', 'large-9.bz2']),
  ...named('xz', large, ['large-0.xz', 'large-3.xz', 'large-9e.xz', 'large-blocks.xz', 'large-none.xz', 'large-lc0-lp2-pb0.xz']),
  ...named('lzop', large, ['large-1.lzo', 'large-7.lzo', 'large-9.lzo']),
  ...named('lzop', tiny, ['tiny-none.lzo']),
  ...named('gzip', large, ['large-pigz-blocks.gz']),
]

export const packedFixture = (file: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`../../../../fixtures/packed/${file}`, import.meta.url)))
