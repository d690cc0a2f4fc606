import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type ProfileId, profiles, type Quirks } from '../abi/index.ts'
import { GuestMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import type { TableView } from '../tables/index.ts'
import { setScene } from './index.ts'
import type { Mappings } from './mappings.ts'
import { simulateRestore, sweep } from './simulate.ts'
import { arbitraryVm } from './testing/arbitrary-vm.ts'

/** Before and behind the kernels that run past their tables. */
const kernel = fc.constantFrom<ProfileId>('linux-7.3.4', 'linux-5.10')

const MOST_WORK = 2 ** 20

/** The same RAM in one buffer, of which only the pages were written that the guest and KVM wrote, before and since the log was cleared. */
function flat(memory: GuestMemory): GuestMemory {
  const copy = new GuestMemory(memory.ranges)
  for (const [i, page] of memory.dirtyPages().entries()) {
    if (i === 2) copy.clearDirty()
    copy.write(page, memory.read(page, PAGE_BYTES))
  }
  return copy
}

/** A memory whose readers are told of no page that it is zero. */
function blind(memory: GuestMemory): GuestMemory {
  return Object.assign(memory.fork(), { cursor: () => Object.assign(memory.cursor(), { knownZeros: () => 0 }) })
}

/** What a walk and a sweep come to, and what they cost; of one that is cut, no more than that: it may be cut within a page. */
function endsOf(memory: ReadonlyMemory, view: TableView, quirks: Quirks) {
  const { mappings, objection, cut, entries, work } = simulateRestore(memory, view, quirks, MOST_WORK)
  const swept = sweep(memory, view, MOST_WORK)
  const of = ({ devices, lpis }: Mappings) => [devices, [...lpis]]
  return [
    { cut, work, came: cut ?? JSON.stringify([of(mappings), objection, entries]) },
    { cut: swept.cut, work: swept.work, came: swept.cut ?? JSON.stringify([of(swept.mappings), swept.unreadable]) },
  ]
}

it('walks and sweeps to the same end where pages that were never written are passed over as where all are read, for less work', () => {
  fc.assert(
    fc.property(arbitraryVm, kernel, (vm, id) => {
      const { view } = setScene(vm.input())
      const { quirks } = profiles[id]
      const told = flat(vm.memory)
      const [sparse, flatly, blindly] = [vm.memory, told, blind(told)].map((memory) => endsOf(memory, view, quirks))
      for (const [i, { cut, came, work }] of blindly!.entries()) {
        if (cut === 'work') continue
        for (const knows of [sparse![i]!, flatly![i]!]) expect([knows.came, knows.work <= work]).toEqual([came, true])
      }
    }),
    { numRuns: 25 },
  )
})
