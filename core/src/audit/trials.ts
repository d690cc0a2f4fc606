import { Account } from '../budget/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { clearing } from './effect.ts'
import type { WordWrite } from './finding.ts'
import { Rewalk, type Stretches } from './rewalk.ts'
import type { Scene } from './scene.ts'
import type { SimulatedRestore } from './simulate.ts'

/** States of more changed words than this are not remembered: they are hardly met again. */
const MOST_REMEMBERED = 64

/** What a trial costs beside its walk: the overlay, and what it is compared with. */
const TRIAL_WORK = 2 ** 14

/**
 * An overlay of guest RAM in which entries are taken out and put back, and restores are tried until the budget is spent. A state
 * that was tried before is not tried again.
 */
export class Trials {
  readonly memory: GuestMemory
  readonly #scene: Scene
  readonly #changed = new Map<Gpa, string>()
  readonly #known = new Map<string, SimulatedRestore>()
  readonly #account: Account
  #rewalk: { readonly whole: SimulatedRestore; readonly rewalk: Rewalk | undefined } | undefined

  constructor(scene: Scene) {
    this.#scene = scene
    this.memory = scene.memory.fork()
    this.#account = new Account(scene.budget, 'trials', scene.vm.length)
  }

  /** Whether one more may be tried. */
  take(): boolean {
    this.#scene.work += TRIAL_WORK
    return this.#account.take(TRIAL_WORK)
  }

  /** One was not tried that should have been. */
  get ranOut(): boolean {
    return this.#account.ranOut
  }

  /** Writes `to` of every word, or `from` to take it back. */
  write(writes: readonly WordWrite[], which: 'to' | 'from'): void {
    const { memory: before } = this.#scene
    for (const word of writes) {
      const [lo, hi] = word[which]
      this.memory.setWord(word.at, lo, hi)
      const isBack = before.u32(word.at) === lo >>> 0 && before.u32((word.at + 4) as Gpa) === hi >>> 0
      if (isBack) this.#changed.delete(word.at)
      else this.#changed.set(word.at, `${word.at}:${lo >>> 0}:${hi >>> 0}`)
    }
  }

  /** Takes back whatever is written. */
  undo(): void {
    const { memory: before } = this.#scene
    for (const at of this.#changed.keys()) this.memory.setWord(at, before.u32(at), before.u32((at + 4) as Gpa))
    this.#changed.clear()
  }

  run(): SimulatedRestore {
    if (this.#changed.size === 0) return this.#scene.restored
    const state = this.#changed.size > MOST_REMEMBERED ? undefined : [...this.#changed.values()].sort().join(' ')
    const known = state === undefined ? undefined : this.#known.get(state)
    if (known !== undefined) return known
    const restored = this.#scene.restoredFrom(this.memory, this.#scene.profile.quirks)
    this.#account.pay(restored.work)
    if (state !== undefined) this.#known.set(state, restored)
    return restored
  }

  /** Runs a restore with `writes` changed to `which`, and puts back what was there. */
  runWith(writes: readonly WordWrite[], which: 'to' | 'from'): SimulatedRestore {
    return this.#having(writes, which, () => this.run())
  }

  /**
   * What a restore of the overlay as it is comes to, which is `whole`, and what with `writes` changed to `which`: of both no more than
   * where they may differ and what they make of a device.
   */
  compare(whole: SimulatedRestore, writes: readonly WordWrite[], which: 'to' | 'from', deviceId?: number): Stretches {
    if (this.#rewalk?.whole !== whole) this.#rewalk = { whole, rewalk: Rewalk.of(this.#scene, whole) }
    const { rewalk } = this.#rewalk
    return this.#having(writes, which, () => {
      const stretches = rewalk?.over(this.memory, writes, deviceId)
      if (stretches === undefined) return { before: whole, after: this.run() }
      this.#scene.work += stretches.after.work
      this.#account.pay(stretches.after.work)
      return stretches
    })
  }

  #having<T>(writes: readonly WordWrite[], which: 'to' | 'from', work: () => T): T {
    const were = writes.map(({ at }) => clearing(this.memory, at))
    this.write(writes, which)
    const made = work()
    this.write(were, 'from')
    return made
  }
}
