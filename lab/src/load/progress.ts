import { countsOf } from '../guests/answers.ts'
import type { Guest } from '../guests/guest.ts'
import type { GuestView } from '../guests/guest-view.ts'
import { section } from '../guests/section.ts'

/** What a guest counts, by LPI: how often each of its interrupts came. */
type Counts = ReadonlyMap<number, number>

/** What moves when I/O does, and how far it got. */
export interface Progress {
  readonly interrupts: Counts
  /** Reads that are done, of each disk by its PCI function. */
  readonly reads: ReadonlyMap<string, number>
}

/** Something that stands still is known by what another thing did meanwhile, not by time: so many interrupts. */
const ENOUGH = 300
/** No guest here is so slow. */
const SECONDS = 240

/** Asks a guest how far it got. */
export const progressOf = async (guest: Guest, view: GuestView): Promise<Progress> => progressIn(await guest.run('counts'), view)

/** Reads what `guest/counts` printed. */
export function progressIn(text: string, { mappings }: Pick<GuestView, 'mappings'>): Progress {
  const counts = countsOf(section(text, 'interrupts'))
  const reads = [...section(text, 'reads').matchAll(/^(\d+) .*\/([0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])\//gm)]
  return {
    interrupts: new Map(mappings.map(({ irq, lpi }) => [lpi, counts.get(irq) ?? 0])),
    reads: new Map(reads.map(([, count, itsFunction]) => [itsFunction!, Number(count)])),
  }
}

/** What was done from one asking to the other. */
function doneBetween(before: Progress, after: Progress): Progress {
  return { interrupts: difference(before.interrupts, after.interrupts), reads: difference(before.reads, after.reads) }
}

const difference = <K>(before: ReadonlyMap<K, number>, after: ReadonlyMap<K, number>) =>
  new Map([...after].map(([key, count]) => [key, count - (before.get(key) ?? 0)]))

/** What is waited for: that each of some LPIs comes so many times. */
export interface Wanted {
  readonly lpis: readonly number[]
  readonly times: number
}

/**
 * Lets a guest under load go on until what is wanted has come, or one LPI came 300 times while another is still wanted; with nothing
 * wanted until then.
 *
 * @throws Error when nothing goes on at all.
 */
export async function goesOn(guest: Guest, view: GuestView, wanted?: Wanted): Promise<Progress> {
  const start = await progressOf(guest, view)
  for (const end = performance.now() + SECONDS * 1000; performance.now() < end; ) {
    await guest.run('sleep 1')
    const done = doneBetween(start, await progressOf(guest, view))
    if (wanted?.lpis.every((lpi) => (done.interrupts.get(lpi) ?? 0) >= wanted.times)) return done
    if (Math.max(...done.interrupts.values()) >= ENOUGH) return done
  }
  throw new Error(`the guest under load did next to nothing in ${SECONDS} s`)
}
