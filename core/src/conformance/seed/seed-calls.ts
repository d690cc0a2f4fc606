import { KVM_DEV_ARM_CTRL as CTRL, profileWithId, type Quirks } from '../../abi/index.ts'
import { attempt, type Outcome } from '../../memory/index.ts'
import { seal, stampedHeads } from '../../seal/index.ts'
import { type Heads, restoredBy, saveTables, type Walked, walkInto } from '../../tables/index.ts'
import type { RestoreAnswer, TimedAnswer } from './seed-case.ts'
import { SeedGuest } from './seed-guest.ts'
import type { SeedTestOptions } from './seed-options.ts'

/**
 * The VM of the selftest and the calls of its VMM, timed. What a kernel has, the proposal's heads included, goes through the ioctls;
 * a sealed save and our heads, which no kernel has, are asked of the library.
 */
export class SeedCalls {
  readonly guest: SeedGuest
  readonly #save: SeedTestOptions['save']
  readonly #heads: Heads | undefined
  readonly #now: () => number

  constructor({ kernel, l2Tables, save, head, now }: Omit<SeedTestOptions, 'flow' | 'sameCollection' | 'clear'>) {
    const { quirks } = profileWithId(kernel)
    this.guest = new SeedGuest({ kernel, l2Tables, quirks: head === undefined ? quirks : withHeads(quirks, head) })
    this.#heads = head === 'ours' ? stampedHeads : head
    this.#save = save
    this.#now = now
  }

  save(): TimedAnswer {
    const { guest } = this
    const heads = this.#heads === undefined ? {} : { heads: this.#heads }
    if (this.#save === 'seal') return this.#timed(() => seal(guest.its, heads))
    if (this.#heads === stampedHeads) return this.#timed(() => saveTables(guest.its, heads))
    return this.#timed(() => guest.control(CTRL.ITS_SAVE_TABLES))
  }

  reset(): TimedAnswer {
    return this.#timed(() => this.guest.control(CTRL.ITS_CTRL_RESET))
  }

  restore(): RestoreAnswer {
    const { its, device } = this.guest
    if (this.#heads !== stampedHeads) {
      const answer = this.#timed(() => this.guest.control(CTRL.ITS_RESTORE_TABLES))
      return { ...answer, entries: device.entriesRead }
    }
    let walked: Walked | undefined
    const answer = this.#timed(() =>
      attempt(() => {
        walked = walkInto(its.memory, its, { quirks: its.gic.quirks, heads: stampedHeads })
        return restoredBy(walked)
      }),
    )
    return { ...answer, entries: walked?.entries ?? 0 }
  }

  #timed(call: () => Outcome<unknown>): TimedAnswer {
    const start = this.#now()
    const answer = call()
    const ms = this.#now() - start
    return answer.ok ? { ms, errno: undefined, where: undefined } : { ms, errno: answer.errno, where: answer.where }
  }
}

/** A kernel with the proposal's heads, or without any. */
const withHeads = (quirks: Quirks, head: NonNullable<SeedTestOptions['head']>): Quirks => ({
  ...quirks,
  'proposed-head': head === 'proposed',
})
