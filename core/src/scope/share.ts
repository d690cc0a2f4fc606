import { type ProfileId, profileIds } from '../abi/index.ts'
import { type SealLimitName, sealLimitRows } from '../seal/index.ts'
import { Expansion } from './expansion.ts'
import { explore } from './explore.ts'
import type { Explored } from './explored.ts'
import { Judge } from './judge.ts'
import { checkScope, type Scope } from './scope.ts'
import { hashOf, StateSet } from './state-set.ts'
import { type Counted, keyOf, Tally } from './tally.ts'

/** Records for one share, packed: states that it may not know yet, and images. */
export interface Parcel {
  readonly states: Uint8Array
  readonly images: Uint8Array
}

/** What a share found. */
export interface ShareFound extends Counted, Pick<Explored, 'states' | 'steps' | 'outside' | 'images' | 'restores'> {}

/**
 * A part of a scope's states and images, by their hash: several shares, each in a thread of its own, go through a scope together. At each depth
 * all expand what they have, then each receives what the others found for it; `joined` makes one answer of what they have at the end.
 */
export class Share {
  readonly #index: number
  readonly #of: number
  readonly #expansion: Expansion
  readonly #judge: Judge
  readonly #states: StateSet
  readonly #images: StateSet
  readonly #tally = new Tally()
  /** States before this one are of a depth that was expanded. */
  #from = 0
  #to = 0

  /** @throws RangeError for a scope that cannot be gone through. */
  constructor(scope: Scope, index: number, of: number) {
    checkScope(scope)
    this.#index = index
    this.#of = of
    this.#expansion = new Expansion(scope, true)
    const { model, here } = this.#expansion
    this.#judge = new Judge(model)
    this.#states = new StateSet(model.shape.bytes)
    this.#images = new StateSet(model.shape.bytes)
    const first = this.#expansion.canonical(here)
    if (this.#ownerOf(first) === index) this.#states.add(first)
    this.#to = this.#states.count
  }

  /** Saves the states of a depth, and goes on from them unless that is the last. What is for which share, by its index. */
  expand(depth: number, goesOn: boolean): Parcel[] {
    const { bytes } = this.#expansion.model.shape
    const found = Array.from({ length: this.#of }, () => ({ states: new StateSet(bytes), images: new StateSet(bytes) }))
    const expansion = this.#expansion
    for (let state = this.#from; state < this.#to; state++) {
      this.#states.get(state, expansion.here)
      expansion.load()
      const saved = expansion.save()
      if (saved.ok) this.#enterImage(depth, found)
      else this.#tally.refused({ state, depth, misuse: expansion.misuse() }, `${saved.errno}, ${saved.reason}`)
      if (!goesOn) continue
      expansion.goOn((record) => {
        const words = expansion.canonical(record)
        const owner = this.#ownerOf(words)
        const states = owner === this.#index ? this.#states : found[owner]!.states
        states.add(words)
      })
    }
    return found.map(({ states, images }) => ({ states: states.kept.slice(), images: images.kept.slice() }))
  }

  /** Takes what the others found at a depth. How many states are to be expanded next. */
  receive(depth: number, parcels: readonly Parcel[]): number {
    const { bytes } = this.#expansion.model.shape
    for (const { states, images } of parcels) {
      const words = new Int32Array(states.buffer, states.byteOffset, states.length / 4)
      for (let at = 0; at < words.length; at += bytes / 4) this.#states.add(words.subarray(at, at + bytes / 4))
      for (let at = 0; at < images.length; at += bytes) this.#receiveImage(depth, images.subarray(at, at + bytes))
    }
    this.#from = this.#to
    this.#to = this.#states.count
    return this.#to - this.#from
  }

  get found(): ShareFound {
    const { steps, outside } = this.#expansion
    const { restores } = this.#judge
    return { states: this.#states.count, images: this.#images.count, steps, outside, restores, ...this.#tally.counted }
  }

  #enterImage(depth: number, found: readonly { readonly images: StateSet }[]): void {
    const expansion = this.#expansion
    const words = expansion.canonical(expansion.saved)
    const owner = this.#ownerOf(words)
    if (owner !== this.#index) found[owner]!.images.add(words)
    else if (this.#images.add(words) < 0) this.#judgeImage(depth)
  }

  /**
   * An image is the VM as a save left it, but for what no record has, as the CTEs: it is saved once more, which changes nothing that a record
   * has. @throws Error where it does.
   */
  #receiveImage(depth: number, image: Uint8Array): void {
    const expansion = this.#expansion
    if (this.#images.add(expansion.canonical(image)) >= 0) return
    expansion.here.set(image)
    expansion.load()
    const again = expansion.save()
    if (!again.ok || image.some((byte, i) => byte !== expansion.saved[i]))
      throw new Error('a second save of an image is not as the first')
    this.#judgeImage(depth)
  }

  #judgeImage(depth: number): void {
    const expansion = this.#expansion
    const limits = expansion.limits()
    if (limits.length > 0) this.#tally.limits(limits)
    const wrong = this.#judge.wrong(expansion.saved, limits)
    if (wrong.length > 0) this.#tally.wrong({ state: 0, depth, misuse: expansion.misuse() }, wrong)
  }

  /** By bits of the hash that a set does not look at first. */
  #ownerOf(words: Int32Array): number {
    return (hashOf(words, 0, words.length) >>> 16) % this.#of
  }
}

/**
 * One answer of what all shares of a scope found: the same that one thread gives. The shortest histories are looked up anew, in the order of
 * one thread: they are as short as the shallowest state that has their kind.
 */
export function joined(
  scope: Scope,
  found: readonly ShareFound[],
  { ended, depth }: Pick<Explored, 'ended' | 'depth'>,
): Explored {
  const sum = (of: (one: ShareFound) => number) => found.reduce((total, one) => total + of(one), 0)
  const wrong = found.flatMap((one) => one.wrong)
  const refused = found.flatMap((one) => one.refused)
  const deepest = shallowest([...wrong, ...refused])
  const told = deepest < 0 ? undefined : explore(scope, { mostDepth: deepest })
  return {
    ...{ ended, depth },
    states: sum((one) => one.states),
    steps: sum((one) => one.steps),
    outside: sum((one) => one.outside),
    images: sum((one) => one.images),
    restores: sum((one) => one.restores),
    wrong: (told?.wrong ?? []).map((one) => {
      const rows = wrong.filter(({ key }) => key === keyOf(one.kind, one))
      const kernels = kernelsOf(rows)
      return { ...one, images: rows.reduce((total, { images }) => total + images, 0), kernels }
    }),
    refused: (told?.refused ?? []).map((one) => {
      const rows = refused.filter(({ key }) => key === keyOf(one.kind, one))
      return { ...one, states: rows.reduce((total, { states }) => total + states, 0) }
    }),
    limits: limitsOf(found),
  }
}

/** The depth at which the last kind is met first; -1 where there is none. */
function shallowest(rows: readonly { readonly key: string; readonly depth: number }[]): number {
  const first = new Map<string, number>()
  for (const { key, depth } of rows) first.set(key, Math.min(depth, first.get(key) ?? depth))
  return Math.max(-1, ...first.values())
}

function kernelsOf(rows: Counted['wrong']): { readonly kernel: ProfileId; readonly images: number }[] {
  const all = rows.flatMap(({ kernels }) => kernels)
  return profileIds.flatMap((kernel) => {
    const images = all.reduce((total, [id, count]) => total + (id === kernel ? count : 0), 0)
    return images === 0 ? [] : [{ kernel, images }]
  })
}

function limitsOf(found: readonly ShareFound[]): Explored['limits'] {
  const all = found.flatMap(({ limits }) => limits)
  return (Object.keys(sealLimitRows) as SealLimitName[]).flatMap((name) => {
    const rows = all.filter((one) => one.name === name)
    const images = rows.reduce((total, one) => total + one.images, 0)
    return rows.length === 0
      ? []
      : [{ name, images, kernels: profileIds.filter((id) => rows.some(({ kernels }) => kernels.includes(id))) }]
  })
}
