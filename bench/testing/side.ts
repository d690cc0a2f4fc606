// The process of one side of a comparison (`turns.ts`): makes its guest, and then does a round of what it is asked for at a time.
import { Guest } from './guest.ts'
import type { Figure, SideOptions } from './turns.ts'
import { type Round, subjects, type WorkName, works } from './works.ts'

const { subject, shape } = JSON.parse(process.argv[2]!) as SideOptions
const guest = new Guest(subjects[subject](shape), shape)
const rounds = new Map<WorkName, Round>()

process.on('message', async ({ work, ms, times }: { readonly work: WorkName; readonly ms: number; readonly times: number }) => {
  if (!rounds.has(work)) rounds.set(work, await works[work](guest))
  process.send!(figure(rounds.get(work)!, ms, times))
})

/** Over so many milliseconds or a little more, and at least so many times. */
function figure(round: Round, ms: number, times: number): Figure {
  let [ns, operations, least] = [0, 0, Infinity]
  for (let done = 0; done < times || ns < ms * 1e6; done++) {
    const cost = round()
    ns += cost.ns
    operations += cost.operations
    least = Math.min(least, cost.ns / cost.operations)
  }
  return { mean: ns / operations, least }
}
