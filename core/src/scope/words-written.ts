import { ENTRY_BYTES } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { HistoryStep } from './history.ts'
import { ScopeVm } from './replay.ts'
import { saveModes } from './save-modes.ts'
import type { Scope } from './scope.ts'
import { dtePlace } from './scope-ram.ts'

/** A word of a table, as a step of a history left it. */
export interface WrittenWord {
  readonly at: Gpa
  readonly kind: 'DTE' | 'ITE' | 'CTE' | 'L1E'
  /** `DeviceID 1`, `entry 0 of ITT A`. */
  readonly id: string
  readonly lo: number
  readonly hi: number
}

/** One step of a history, and the words of the tables that it changed, in address order. */
export interface StepWritten {
  readonly says: string
  readonly words: readonly WrittenWord[]
}

/** What a history and the save behind it, which is the last, write into the tables of a scope's VM, step by step. */
export function wordsWritten(scope: Scope, history: readonly HistoryStep[]): StepWritten[] {
  const vm = new ScopeVm(scope)
  const places = placesOf(vm)
  const before = places.map(({ at }) => wordAt(vm, at))
  const written = (says: string): StepWritten => {
    const words = places.flatMap((place, i) => {
      const { lo, hi } = wordAt(vm, place.at)
      if (lo === before[i]!.lo && hi === before[i]!.hi) return []
      before[i] = { lo, hi }
      return [{ ...place, lo, hi }]
    })
    return { says, words }
  }
  const steps = history.map((step) => {
    vm.play([step])
    return written(step.says)
  })
  vm.save()
  return [...steps, written(`the save, ${saveModes[scope.save].says}`)]
}

const wordAt = ({ memory }: ScopeVm, at: Gpa) => ({ lo: memory.u32(at), hi: memory.u32((at + 4) as Gpa) })

/** Every word of the tables that a save of the scope may write, or that its guest may. */
function placesOf({ scope, ram }: ScopeVm): Pick<WrittenWord, 'at' | 'kind' | 'id'>[] {
  const entries = (base: Gpa, count: number, kind: WrittenWord['kind'], id: (n: number) => string) =>
    Array.from({ length: count }, (_, n) => ({ at: (base + n * ENTRY_BYTES) as Gpa, kind, id: id(n) }))
  const tables = ram.deviceTables.flatMap((_, table) => {
    const ids = [...new Set([...(ram.pages.length === 0 ? [0] : []), ...scope.deviceIds])]
    return ids.map((id) => ({ at: dtePlace(ram, table, id), kind: 'DTE' as const, id: `DeviceID ${id}` }))
  })
  return [
    ...entries(ram.deviceTables[0]!, ram.pages.length, 'L1E', (page) => `L1[${page}]`),
    ...tables,
    ...entries(ram.collectionTable, scope.collections + 1, 'CTE', (n) => `CTE ${n}`),
    ...ram.itts.flatMap((itt, area) =>
      entries(itt, scope.events, 'ITE', (n) => `entry ${n} of ITT ${String.fromCharCode(65 + area)}`),
    ),
  ].sort((a, b) => a.at - b.at)
}
