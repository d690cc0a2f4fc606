import { BASER_TYPE, GITS_BASER, queueShape, type SavedIts, tableShape } from '../abi/index.ts'
import type { Account } from '../budget/index.ts'
import { type Gpa, type GpaRange, LoadableMemory } from '../memory/index.ts'
import { kernelPointer } from './linear-map.ts'
import type { GuestRam } from './ram-reader.ts'
import { type RedistributorWord, redistributorWord } from './redistributors.ts'
import { ITS_BASER } from './structs.ts'

/** RAM that is brought in, searched and forgotten together. */
const CHUNK_BYTES = 16 << 20

/** A sane guest has a few; RAM made to be slow is full of them. */
const MOST_MATCHES = 2 ** 16

/** A BTF header begins with its magic number, version 1 and no flags. @source Linux include/uapi/linux/btf.h */
const BTF_BEGINS = 0x0001_eb9f

/** The high half of a valid GITS_BASER<n> of devices, and the bits that say so. */
const { hi: DEVICES } = GITS_BASER.encode({ valid: true, type: BASER_TYPE.devices })
const { hi: COLLECTIONS } = GITS_BASER.encode({ valid: true, type: BASER_TYPE.collections })
const { hi: VALID_AND_TYPE } = GITS_BASER.encode({ valid: true, type: 7 })

/** A word of RAM that may belong to what is sought. */
export interface Match {
  readonly kind: 'device table register' | 'BTF' | RedistributorWord
  readonly at: Gpa
}

export interface ScanOptions {
  /** What may be searched. */
  readonly account: Account
  /** Look for what the driver keeps of redistributors as well. */
  readonly redistributors: boolean
  readonly progress?: ((done: number, total: number) => void) | undefined
}

/**
 * Searches RAM for the GITS_BASER0 that a driver keeps of one of the ITSes, or of any where none are known, and for BTF; where that is asked for, also for what may be
 * `phys_base` of a redistributor or `prop_table_pa`. What the kernel allocated for the ITS comes first: what it allocated beside it is
 * likely to be near.
 */
export async function* scan(ram: GuestRam, itses: readonly SavedIts[] | undefined, options: ScanOptions): AsyncGenerator<Match> {
  const { account, progress, redistributors } = options
  const registers = itses?.map(({ baser }) => baser[0] ?? 0n)
  const sought = registers?.map((baser) => ({ lo: Number(baser & 0xffff_ffffn) | 0, hi: Number(baser >> 32n) | 0 }))
  const chunks = inOrder(ram.ranges, itses ?? [])
  const total = Math.min(
    account.left,
    chunks.reduce((sum, { bytes }) => sum + bytes, 0),
  )
  let done = 0
  let mostMatches = MOST_MATCHES
  for (const chunk of chunks) {
    if (!account.take(chunk.bytes)) return
    const memory = new LoadableMemory([chunk])
    await ram.load(memory, [chunk])
    const matches = matchesIn(memory, chunk, { sought, redistributors, most: mostMatches })
    yield* matches
    mostMatches -= matches.length
    if (mostMatches === 0) return account.exhaust()
    done += chunk.bytes
    progress?.(done, total)
  }
}

interface Sought {
  /** Values of GITS_BASER0; undefined for any. */
  readonly sought: readonly { lo: number; hi: number }[] | undefined
  readonly redistributors: boolean
  readonly most: number
}

function matchesIn(memory: LoadableMemory, { base, bytes }: GpaRange, { sought, redistributors, most }: Sought): Match[] {
  const matches: Match[] = []
  const cursor = memory.cursor()
  const end = base + bytes
  for (let at: number = base; at < end; ) {
    if (!cursor.seek(at as Gpa)) break
    const zeros = cursor.knownZeros((end - at) / 8)
    const run = zeros > 0 ? zeros : Math.min(cursor.run, (end - at) / 8)
    if (zeros === 0) {
      const { words, index } = cursor
      for (let i = index; i < index + 2 * run && matches.length < most; i += 2) {
        const lo = words[i]!
        const hi = words[i + 1]!
        const here = at + (i - index) * 4
        const isSought =
          (hi & VALID_AND_TYPE) === (DEVICES | 0) &&
          (sought === undefined ? isAmongTables(memory, here) : sought.some((word) => word.lo === lo && word.hi === hi))
        if (isSought) {
          matches.push({ kind: 'device table register', at: here as Gpa })
        } else if (lo === BTF_BEGINS) matches.push({ kind: 'BTF', at: here as Gpa })
        else if (hi === BTF_BEGINS) matches.push({ kind: 'BTF', at: (here + 4) as Gpa })
        else if (redistributors && (lo & 0xffff) === 0 && hi >= 0 && (lo !== 0 || hi !== 0)) {
          const kind = redistributorWord(memory, here as Gpa)
          if (kind !== undefined) matches.push({ kind, at: here as Gpa })
        }
      }
    }
    at += run * 8
  }
  return matches
}

/** Whether a pointer is before the word at `at`, and the same of a valid GITS_BASER<n> of collections behind it. */
function isAmongTables(memory: LoadableMemory, at: number): boolean {
  const first = (at - ITS_BASER.val) as Gpa
  if (!memory.contains(first, 2 * ITS_BASER.bytes)) return false
  const isPointer = (place: number) => kernelPointer(memory.u32(place as Gpa), memory.u32((place + 4) as Gpa)) !== undefined
  const hi = memory.u32((at + ITS_BASER.bytes + 4) as Gpa)
  return (hi & VALID_AND_TYPE) === (COLLECTIONS | 0) && isPointer(first) && isPointer(first + ITS_BASER.bytes)
}

/** RAM in chunks: those with the tables and queues of the ITSes, then all others from the first address on. */
function inOrder(ranges: readonly GpaRange[], itses: readonly SavedIts[]): GpaRange[] {
  const own = itses.flatMap(({ baser, cbaser }) => [queueShape(cbaser), ...baser.map(tableShape)])
  const likely = own.filter(({ valid }) => valid).map(({ base }) => base)
  const near: GpaRange[] = []
  const others: GpaRange[] = []
  for (const { base, bytes } of ranges) {
    for (let at: number = base; at < base + bytes; ) {
      const end = Math.min(base + bytes, at - (at % CHUNK_BYTES) + CHUNK_BYTES)
      const chunk = { base: at as Gpa, bytes: end - at }
      const from = at
      const list = likely.some((place) => place >= from && place < end) ? near : others
      list.push(chunk)
      at = end
    }
  }
  return [...near, ...others]
}
