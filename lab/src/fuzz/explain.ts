import { type ProfileId, profileIds, profiles, type QuirkName, type Quirks, quirks } from '@vits/core/abi'
import { type Answered, isAnswered } from './answered.ts'

/** Quirks that explain a kernel: those of a profile, but for some. */
export interface Explanation {
  readonly profile: ProfileId
  readonly quirks: Quirks
  /** Histories that it does not answer as the kernel did. */
  readonly unexplained: readonly Answered[]
}

const names = Object.keys(quirks) as QuirkName[]
/** Profiles from which a set of quirks is sought, when no profile answers all: the preferred one, and those that answer most. */
const STARTS = 3
/** A profile that leaves so many more histories unexplained than another is not looked at further. */
const MARGIN = 25

/**
 * The quirks that answer histories as a kernel did: of a profile, or found by turning over, again and again, the quirk that explains
 * most of what is left. What is turned over is no more than needed: without any of it more would be left.
 *
 * @param near the profile that is preferred among those that explain as much.
 * @param known quirks that are known without any history, as of a kernel that dies.
 */
export function explain(histories: readonly Answered[], near?: ProfileId, known: Partial<Quirks> = {}): Explanation {
  const search = new Search(histories, known)
  const ranked = search.ranked(near)
  if (ranked[0]!.unexplained.length === 0) return ranked[0]!
  const own = ranked.find(({ profile }) => profile === near)
  const found: Explanation[] = []
  for (const start of new Set([...(own === undefined ? [] : [own]), ...ranked.slice(0, STARTS)])) {
    const explanation = search.from(start)
    if (explanation.unexplained.length === 0 && turnedOver(explanation).length === 1) return explanation
    found.push(explanation)
  }
  return found.sort(byMerit)[0]!
}

/** As `explain`, of one profile: what of it is turned over. */
export function explainFrom(profile: ProfileId, histories: readonly Answered[], known: Partial<Quirks> = {}): Explanation {
  return new Search(histories, known).from({ profile, quirks: { ...profiles[profile].quirks, ...known }, unexplained: histories })
}

/** The quirks in which an explanation is not its profile. */
export const turnedOver = ({ profile, quirks: set }: Pick<Explanation, 'profile' | 'quirks'>) =>
  names.filter((name) => set[name] !== profiles[profile].quirks[name])

/** The quirks that none of the histories asks for: turned over, each is answered as before. */
export function untold(histories: readonly Answered[], { profile, quirks: set, unexplained }: Explanation): QuirkName[] {
  const wrong = new Set(unexplained)
  return names.filter((name) => {
    const turned = { ...set, [name]: !set[name] }
    return histories.every((history) => isAnswered(history, profile, turned) !== wrong.has(history))
  })
}

/** First what leaves less unexplained, then what is nearer to its profile. */
const byMerit = (a: Explanation, b: Explanation) =>
  a.unexplained.length - b.unexplained.length || turnedOver(a).length - turnedOver(b).length

class Search {
  readonly #histories: readonly Answered[]
  readonly #known: Partial<Quirks>
  readonly #open: readonly QuirkName[]

  constructor(histories: readonly Answered[], known: Partial<Quirks>) {
    this.#histories = histories
    this.#known = known
    this.#open = names.filter((name) => !(name in known))
  }

  /** The profiles, best first; of those that are as good, the preferred one, then the newest. */
  ranked(near: ProfileId | undefined): Explanation[] {
    const inTurn = [...profileIds].reverse().sort((a, b) => Number(b === near) - Number(a === near))
    let least = Number.POSITIVE_INFINITY
    const looked = inTurn.map((profile): Explanation => {
      const set = { ...profiles[profile].quirks, ...this.#known }
      const unexplained = this.#unexplained(this.#histories, profile, set, least + MARGIN)
      least = Math.min(least, unexplained.length)
      return { profile, quirks: set, unexplained }
    })
    return looked.sort(byMerit)
  }

  /** Turns over the quirk that explains most, until nothing is left or nothing helps, and then back what was not needed. */
  from(start: Explanation): Explanation {
    let best = { ...start, unexplained: this.#unexplained(this.#histories, start.profile, start.quirks) }
    while (best.unexplained.length > 0) {
      const better = this.#better(best)
      if (better === best) break
      best = better
    }
    for (const name of turnedOver(best).filter((turned) => this.#open.includes(turned))) {
      const without = { ...best.quirks, [name]: !best.quirks[name] }
      const unexplained = this.#unexplained(this.#histories, best.profile, without, best.unexplained.length + 1)
      if (unexplained.length <= best.unexplained.length) best = { ...best, quirks: without, unexplained }
    }
    return best
  }

  #better(than: Explanation): Explanation {
    const { profile } = than
    const wrong = new Set(than.unexplained)
    const right = this.#histories.filter((history) => !wrong.has(history))
    let best = than
    for (const name of this.#open) {
      const turned = { ...than.quirks, [name]: !than.quirks[name] }
      const left = this.#unexplained(than.unexplained, profile, turned, best.unexplained.length)
      if (left.length >= best.unexplained.length) continue
      const unexplained = [...left, ...this.#unexplained(right, profile, turned, best.unexplained.length - left.length)]
      if (unexplained.length < best.unexplained.length) best = { profile, quirks: turned, unexplained }
    }
    return best
  }

  /** Those of some histories that a model answers otherwise; no more than `enough`. */
  #unexplained(
    among: readonly Answered[],
    profile: ProfileId,
    set: Quirks,
    enough = Number.POSITIVE_INFINITY,
  ): readonly Answered[] {
    const found: Answered[] = []
    for (const history of among) {
      if (found.length >= enough) break
      if (!isAnswered(history, profile, set)) found.push(history)
    }
    return found
  }
}
