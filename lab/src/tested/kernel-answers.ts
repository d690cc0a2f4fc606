import { mkdirSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { type ProfileId, profileOfKernel, type QuirkName, type Quirks, quirks } from '@vits/core/abi'
import { ModelSubject, type Step } from '@vits/core/conformance'
import { HostDied } from '../agent.ts'
import { CACHE } from '../folders.ts'
import { type Answered, isAnswered } from '../fuzz/answered.ts'
import type { Asked } from '../fuzz/ask-kernel.ts'
import { type Explanation, explain, explainFrom, turnedOver, untold } from '../fuzz/explain.ts'
import { compared, firstDifference, modelled } from '../fuzz/side-by-side.ts'
import type { KvmSubject } from '../kvm-subject.ts'
import { formatRecording } from '../recording.ts'
import { decidesLast, decidesQuirk } from './decided-in.ts'
import { answerWords, historyWords } from './history-words.ts'
import { minimal } from './minimal.ts'
import { type KernelDifference, TOLD } from './part.ts'

/** Milliseconds in which one history is shortened. */
const SHORTEN_MS = 8_000
/** And in which all are that the kernel has to be asked for. */
const SHORTEN_ALL_MS = 30_000

/** What a kernel is, by what it answered. */
export interface KernelAnswers {
  readonly explanation: Explanation
  readonly differences: readonly KernelDifference[]
  /** Differences that are only counted. */
  readonly untold: number
  /** Quirks that nothing asked for: whether the kernel has them is not known. */
  readonly silent: readonly QuirkName[]
}

/** Says of which profile a kernel's answers are, or are expected to be, and what of them is another's; it is asked again about that. */
export async function kernelAnswers(kvm: KvmSubject, asked: Asked, profile: ProfileId | undefined): Promise<KernelAnswers> {
  const { release } = kvm.host
  const explanation =
    profile === undefined
      ? explain(asked.histories, profileOfKernel(release)?.profile, asked.known)
      : explainFrom(profile, asked.histories, asked.known)
  const teller = new Teller(kvm, explanation)
  const differences = [...(await teller.turned(asked)), ...(await teller.unexplained()), ...teller.deaths(asked)]
  return {
    explanation,
    differences: differences.slice(0, TOLD + turnedOver(explanation).length),
    untold: Math.max(0, explanation.unexplained.length + asked.died.length - TOLD),
    silent: untold(asked.histories, explanation).filter((name) => !(name in asked.known)),
  }
}

/** Fields of an answer that have other names in a report. */
const fieldWords: Readonly<Record<string, string>> = { rc: 'answer', nonzero: 'memory', pages: 'pages written' }

class Teller {
  readonly #kvm: KvmSubject
  readonly #explanation: Explanation

  constructor(kvm: KvmSubject, explanation: Explanation) {
    this.#kvm = kvm
    this.#explanation = explanation
  }

  /** A difference for each quirk that the kernel has and the profile has not, or the other way about. */
  async turned({ histories, known }: Asked): Promise<KernelDifference[]> {
    const found: KernelDifference[] = []
    for (const name of turnedOver(this.#explanation)) found.push(await this.#quirk(name, histories, name in known))
    return found
  }

  async #quirk(name: QuirkName, histories: readonly Answered[], isDeadly: boolean): Promise<KernelDifference> {
    const { profile, quirks: own } = this.#explanation
    const other = { ...own, [name]: !own[name] }
    const title = own[name]
      ? `with ${name}, which ${profile} has not: ${quirks[name].does}`
      : `without ${name}, which ${profile} has: ${quirks[name].does}`
    const decidedIn = decidesQuirk(name)
    const told = { title, ...(decidedIn !== undefined && { decidedIn }) }
    if (isDeadly) return { ...told, history: 'the first that was asked', expected: 'the save answers', got: 'the host dies' }
    const telling = histories.filter((history) => !isAnswered(history, profile, other))
    const shortest = telling.map((history) => upToDifference(history, profile, other)).sort((a, b) => a.length - b.length)[0]!
    const late = deadline(SHORTEN_MS)
    const steps = await minimal(shortest, (tried) => tellsApart(tried, profile, own, other), late)
    const asked = (await this.#asked(steps, other, name)) ?? (await this.#asked(shortest, other, name))
    return { ...told, ...(asked ?? { history: historyWords(steps), expected: 'the host dies', got: 'it answers' }) }
  }

  /** What no quirk explains: by the kind of answer that is not the model's, the shortest history of each kind. */
  async unexplained(): Promise<KernelDifference[]> {
    const { profile, quirks: own, unexplained } = this.#explanation
    const kinds = new Map<string, readonly Step[]>()
    for (const history of unexplained) {
      const found = firstDifference(history, [], modelled(new ModelSubject(profile, own), history).answers)
      if (found === undefined) continue
      const kind = `${found.difference.op} ${found.difference.field}`
      const before = kinds.get(kind)
      if (before === undefined || found.steps.length < before.length) kinds.set(kind, found.steps)
    }
    const allLate = deadline(SHORTEN_ALL_MS)
    const told: KernelDifference[] = []
    for (const [kind, history] of [...kinds].slice(0, TOLD)) {
      const late = deadline(SHORTEN_MS)
      const steps = await minimal(
        history,
        (tried) => this.#differs(tried, own),
        () => late() || allLate(),
      )
      const name = `unexplained_${kind.replace(' ', '_')}`
      const found = (await this.#asked(steps, own, name)) ?? (await this.#asked(history, own, name))
      const decidedIn = decidesLast(steps)
      const title = `no quirk explains it: ${kind}`
      if (found !== undefined) told.push({ title, ...found, ...(decidedIn !== undefined && { decidedIn }) })
    }
    return told
  }

  /** Histories that end the host, though none of its kind does. */
  deaths({ died }: Asked): KernelDifference[] {
    return died.slice(0, TOLD).map((steps) => {
      const decidedIn = decidesLast(steps)
      const told = { title: 'the host dies', history: historyWords(steps), expected: 'answers', got: 'the host dies' }
      return { ...told, ...(decidedIn !== undefined && { decidedIn }) }
    })
  }

  async #differs(steps: readonly Step[], set: Quirks): Promise<boolean> {
    return (await this.#compared(steps, set)) !== undefined
  }

  /** Where the kernel answers otherwise than a model; undefined where it does not, and where the history cannot be played. */
  async #compared(steps: readonly Step[], set: Quirks) {
    try {
      return (await compared(this.#kvm, new ModelSubject(this.#explanation.profile, set), steps)).found
    } catch (error) {
      if (error instanceof HostDied) await this.#kvm.revive()
      return undefined
    }
  }

  /** Asks the kernel itself about a history that was shortened, and keeps it with its answers. */
  async #asked(steps: readonly Step[], set: Quirks, name: string) {
    const found = await this.#compared(steps, set)
    if (found === undefined) return undefined
    const { difference } = found
    const [expected, got] = answerWords(difference.answered, difference.recorded)
    const field = (text: string) => `${fieldWords[difference.field] ?? difference.field} ${text}`
    const recording = relative('', this.#keep(name, found.steps))
    return { history: historyWords(found.steps), expected: field(expected), got: field(got), recording }
  }

  #keep(name: string, steps: readonly Step[]): string {
    const { release, kernel, kernelVersion } = this.#kvm.host
    const path = `${CACHE}differences/${name}.${release}.json`
    mkdirSync(`${CACHE}differences`, { recursive: true })
    const head = { format: 'kvm-its-golden-1', scenario: name, kernel, kernel_version: kernelVersion } as const
    writeFileSync(path, formatRecording({ ...head, steps }))
    return path
  }
}

/** An answered history up to the first answer that a model has otherwise, or up to where its host dies. */
function upToDifference(history: Answered, profile: ProfileId, set: Quirks): readonly Step[] {
  const { answers } = modelled(new ModelSubject(profile, set), history)
  const played = history.slice(0, answers.length)
  return firstDifference(played, [], answers)?.steps ?? history.slice(0, answers.length + 1)
}

/** Whether two models answer a history differently, or the host of one dies. */
function tellsApart(steps: readonly Step[], profile: ProfileId, one: Quirks, other: Quirks): boolean {
  try {
    const left = modelled(new ModelSubject(profile, one), steps)
    const right = modelled(new ModelSubject(profile, other), steps)
    if (left.cut !== right.cut) return true
    const count = Math.min(left.answers.length, right.answers.length)
    return firstDifference(steps.slice(0, count), left.answers, right.answers) !== undefined
  } catch {
    return false
  }
}

function deadline(milliseconds: number): () => boolean {
  const start = performance.now()
  return () => performance.now() - start > milliseconds
}
