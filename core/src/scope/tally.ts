import { type ProfileId, profileIds } from '../abi/index.ts'
import { type SealLimit, type SealLimitName, sealLimitRows } from '../seal/index.ts'
import type { Explored, Refusal, WrongRestore } from './explored.ts'
import type { HistoryStep } from './history.ts'
import type { Wrong } from './judge.ts'

/** Where something was met first. */
interface Met {
  readonly state: number
  readonly depth: number
  readonly misuse: readonly string[]
}

/** What was counted, as data: of all images or of a share of them. */
export interface Counted {
  readonly wrong: readonly {
    readonly key: string
    readonly depth: number
    readonly images: number
    readonly kernels: readonly (readonly [ProfileId, number])[]
  }[]
  readonly refused: readonly { readonly key: string; readonly depth: number; readonly states: number }[]
  readonly limits: Explored['limits']
}

/** Counts what is wrong by kinds, and keeps where each was met first: the guest's own fault apart. */
export class Tally {
  readonly #wrong = new Map<string, Met & { kind: string; images: number; kernels: Map<ProfileId, number>; first: ProfileId }>()
  readonly #refused = new Map<string, Met & { kind: string; states: number }>()
  readonly #limits = new Map<SealLimitName, { images: number; kernels: Set<ProfileId> }>()

  /** What kernels made wrong of one image. */
  wrong(at: Met, wrongs: readonly Wrong[]): void {
    for (const kind of new Set(wrongs.map((one) => one.kind))) {
      const of = wrongs.filter((one) => one.kind === kind)
      const known = this.#wrong.get(keyOf(kind, at)) ?? { ...at, kind, images: 0, kernels: new Map(), first: of[0]!.kernel }
      known.images++
      for (const { kernel } of of) known.kernels.set(kernel, (known.kernels.get(kernel) ?? 0) + 1)
      this.#wrong.set(keyOf(kind, at), known)
    }
  }

  refused(at: Met, kind: string): void {
    const known = this.#refused.get(keyOf(kind, at)) ?? { ...at, kind, states: 0 }
    known.states++
    this.#refused.set(keyOf(kind, at), known)
  }

  limits(limits: readonly SealLimit[]): void {
    for (const name of new Set(limits.map((limit) => limit.name))) {
      const of = limits.filter((limit) => limit.name === name)
      const known = this.#limits.get(name) ?? { images: 0, kernels: new Set() }
      known.images++
      for (const { profiles } of of) for (const id of profiles) known.kernels.add(id)
      this.#limits.set(name, known)
    }
  }

  get counted(): Counted {
    const wrong = [...this.#wrong].map(([key, { depth, images, kernels }]) => ({ key, depth, images, kernels: [...kernels] }))
    const refused = [...this.#refused].map(([key, { depth, states }]) => ({ key, depth, states }))
    return { wrong, refused, limits: this.#limitsMet() }
  }

  #limitsMet(): Explored['limits'] {
    return (Object.keys(sealLimitRows) as SealLimitName[]).flatMap((name) => {
      const met = this.#limits.get(name)
      return met === undefined ? [] : [{ name, images: met.images, kernels: profileIds.filter((id) => met.kernels.has(id)) }]
    })
  }

  /** Everything counted, shortest history first. */
  result(
    history: (state: number) => readonly HistoryStep[],
    told: (state: number, kernel: ProfileId, kind: string) => Pick<WrongRestore, 'had' | 'restored'>,
  ): Pick<Explored, 'wrong' | 'refused' | 'limits'> {
    const wrong = [...this.#wrong.values()].map(({ first, ...one }): WrongRestore => {
      const kernels = profileIds
        .filter((id) => one.kernels.has(id))
        .map((kernel) => ({ kernel, images: one.kernels.get(kernel)! }))
      return { ...one, kernels, history: history(one.state), ...told(one.state, first, one.kind) }
    })
    const refused = [...this.#refused.values()].map((one): Refusal => ({ ...one, history: history(one.state) }))
    return { wrong: wrong.sort(byDepth), refused: refused.sort(byDepth), limits: this.#limitsMet() }
  }
}

/** A kind, and whether the guest is to blame. */
export const keyOf = (kind: string, { misuse }: Pick<Met, 'misuse'>): string => `${misuse.length > 0} ${kind}`
const byDepth = (a: { depth: number; state: number }, b: { depth: number; state: number }): number =>
  a.depth - b.depth || a.state - b.state
