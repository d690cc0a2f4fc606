import { type ProfileId, profileWithId, releasedKernels } from '../../abi/index.ts'
import type { Its } from '../../its/index.ts'
import type { Gpa, GuestMemory, ReadonlyMemory } from '../../memory/index.ts'
import type { Scope } from '../../scope/index.ts'
import { Model } from '../../scope/model.ts'
import { scopeMemory } from '../../scope/scope-ram.ts'
import { poweredOn } from '../../scope/set-up.ts'
import { restoreTables } from '../../tables/index.ts'
import { type Mapped, mappedBy } from './mapped.ts'

/** What a kernel restores, or why it does not. */
export type Restored = Mapped | string

/** Every released kernel, restoring what lies in the tables of a scope's VM: by the model of the kernel, not by an audit. */
export class Restorers {
  readonly #scope: Scope
  readonly #memory: GuestMemory
  readonly #places: readonly Gpa[]
  readonly #itses: ReadonlyMap<ProfileId, Its>

  constructor(scope: Scope) {
    this.#scope = scope
    const { ram, dteAt, iteAt } = new Model(scope)
    this.#memory = scopeMemory(ram, true)
    const ctes = Array.from({ length: scope.collections + 1 }, (_, i) => (ram.collectionTable + i * 8) as Gpa)
    this.#places = [...dteAt, ...iteAt, ...ctes]
    const its = (id: ProfileId) => poweredOn(scope.vcpus, ram, this.#memory, profileWithId(id).quirks)
    this.#itses = new Map(releasedKernels.map((id) => [id, its(id)]))
  }

  /** What kernels bring back of the tables in `memory`, whose other words are the scope's; until it is asked for other tables. */
  of(memory: ReadonlyMemory): (kernel: ProfileId) => Restored {
    for (const at of this.#places) this.#memory.setWord(at, memory.u32(at), memory.u32((at + 4) as Gpa))
    return (kernel) => {
      const its = this.#itses.get(kernel)!
      its.freeDevices()
      its.freeCollections()
      const result = restoreTables(its)
      return result.ok ? mappedBy(its, this.#scope.deviceIds, this.#scope.events) : `${result.errno}: ${result.reason}`
    }
  }
}
