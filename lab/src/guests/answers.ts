import type { GuestMapping } from './guest-view.ts'
import { section } from './section.ts'

/** What a guest said when it was asked which of its devices work, as `guest/alive` prints it. */
export interface Answers {
  /** Disks, network cards and RNGs that did not answer, or answered without an interrupt of their function. */
  readonly silent: readonly string[]
  /** LPIs of the interrupts that came meanwhile. */
  readonly rang: ReadonlySet<number>
}

const PCI_FUNCTION = /[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]/g

/** Reads what `guest/alive` printed. `mappings` are the guest's own, which no restore changes. */
export function answersOf(text: string, mappings: readonly GuestMapping[]): Answers {
  const before = countsOf(section(text, 'before'))
  const after = countsOf(section(text, 'after'))
  const ringing = mappings.filter(({ irq }) => (after.get(irq) ?? 0) > (before.get(irq) ?? 0))
  const functions = new Set(mappings.map((mapping) => mapping.function))
  const heard = new Set(ringing.map((mapping) => mapping.function))
  const silent = [...text.matchAll(/^(ok|dead) (\S+) (.*)$/gm)].flatMap(([, said, name, place]) => {
    const itsFunction = place!.match(PCI_FUNCTION)?.at(-1)
    const withoutInterrupt = itsFunction !== undefined && functions.has(itsFunction) && !heard.has(itsFunction)
    return said === 'dead' || withoutInterrupt ? [name!] : []
  })
  return { silent, rang: new Set(ringing.map(({ lpi }) => lpi)) }
}

/** How often each interrupt of the ITS came, on all CPUs together, from lines of /proc/interrupts. */
export const countsOf = (lines: string) =>
  new Map(
    [...lines.matchAll(/^ *(\d+):((?: +\d+)+) +\S*ITS/gm)].map(([, irq, counts]) => [
      Number(irq),
      counts!
        .trim()
        .split(/ +/)
        .reduce((sum, count) => sum + Number(count), 0),
    ]),
  )
