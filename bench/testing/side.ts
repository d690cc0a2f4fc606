// The process of one side of a comparison (`turns.ts`): makes its guest, and then does a round of what it is asked for at a time.
import { Guest } from './guest.ts'
import type { SideOptions } from './turns.ts'
import { subjects, type WorkName, works } from './works.ts'

const { subject, shape } = JSON.parse(process.argv[2]!) as SideOptions
const guest = new Guest(subjects[subject](shape), shape)
const rounds = new Map<WorkName, ReturnType<(typeof works)[WorkName]>>()

process.on('message', ({ work, ms }: { readonly work: WorkName; readonly ms: number }) => {
  process.send!(round(work, ms))
})

/** Nanoseconds an operation, over so many milliseconds or a little more. */
function round(work: WorkName, ms: number): number {
  if (!rounds.has(work)) rounds.set(work, works[work](guest))
  const once = rounds.get(work)!
  let [ns, operations] = [0, 0]
  while (ns < ms * 1e6) {
    const cost = once()
    ns += cost.ns
    operations += cost.operations
  }
  return ns / operations
}
