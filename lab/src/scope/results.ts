import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { byVersion } from '../kernels/version.ts'
import type { Ending, PlayedSegment } from './played.ts'

/** What came of histories of one scope on a real kernel and on the model, side by side. */
export interface PlayedScope {
  /** Histories that the kernel lived, saved and restored. */
  readonly histories: number
  /** Images that the model had saved, which the kernel restored. */
  readonly images: number
  /** Answers that were compared. */
  readonly answers: number
  /** How the restores ended, on both; `cut`: before a step that stops the host. */
  readonly endings: Readonly<Record<Ending, number>>
  /** Histories and images of which any answer was not the model's. */
  readonly differing: number
  /** VMs with some of them under which a host died unforeseen. */
  readonly stopped: number
}

/** What came of them on one kernel. */
export interface PlayedKernel {
  readonly release: string
  /** As the kernel calls its build. */
  readonly build: string
  /** What was modelled: a profile, with quirks more or less. */
  readonly model: string
  readonly scopes: Readonly<Record<string, PlayedScope>>
  /** How the shortest history to each kind of wrong restore ended here, by the name of the counterexample. */
  readonly counterexamples: Readonly<Record<string, Ending>>
}

class Tally implements PlayedScope {
  histories = 0
  images = 0
  answers = 0
  readonly endings: Record<Ending, number> = { exact: 0, other: 0, refused: 0, cut: 0 }
  differing = 0
  stopped = 0
}

/** What is counted while scopes are played on one kernel. */
export class Played {
  readonly #scopes: ReadonlyMap<string, Tally>
  readonly #counterexamples = new Map<string, Ending>()

  constructor(names: readonly string[]) {
    this.#scopes = new Map(names.map((name) => [name, new Tally()]))
  }

  of(name: string): { readonly differing: number; stopped: number } {
    return this.#scopes.get(name)!
  }

  add(name: string, { segment, ending, answers, difference }: PlayedSegment): void {
    const tally = this.#scopes.get(name)!
    if (difference !== undefined) tally.differing++
    if (segment.counterexample !== undefined) {
      this.#counterexamples.set(segment.counterexample, ending)
      return
    }
    if (segment.kind === 'history') tally.histories++
    else tally.images++
    tally.answers += answers
    tally.endings[ending]++
  }

  get line(): string {
    const { histories, images, answers, endings, differing } = total([...this.#scopes.values()])
    const restored = `${endings.exact} restored exactly, ${endings.other} otherwise, ${endings.refused} refused`
    return `${histories} histories and ${images} images, ${answers} answers: ${restored}, ${endings.cut} cut before what stops the host; ${differing} differ`
  }

  result(kernel: Pick<PlayedKernel, 'release' | 'build' | 'model'>): PlayedKernel {
    return {
      ...kernel,
      scopes: Object.fromEntries([...this.#scopes].filter(([, tally]) => tally.answers > 0 || tally.differing > 0)),
      counterexamples: Object.fromEntries(this.#counterexamples),
    }
  }
}

/** The counts of several scopes together. */
export function total(scopes: readonly PlayedScope[]): PlayedScope {
  const sum = (of: (scope: PlayedScope) => number) => scopes.reduce((all, scope) => all + of(scope), 0)
  const ended = (ending: Ending) => sum(({ endings }) => endings[ending])
  return {
    histories: sum(({ histories }) => histories),
    images: sum(({ images }) => images),
    answers: sum(({ answers }) => answers),
    endings: { exact: ended('exact'), other: ended('other'), refused: ended('refused'), cut: ended('cut') },
    differing: sum(({ differing }) => differing),
    stopped: sum(({ stopped }) => stopped),
  }
}

/** Where it is written down; docs/scope.md is printed from it. */
const FILE = fileURLToPath(new URL('../../../fixtures/scope/kernels.json', import.meta.url))

/** What is written down, oldest kernel first. */
export const readPlayed = (): PlayedKernel[] =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as PlayedKernel[]) : []

/** Writes it down, in the place of what is known of that kernel and those scopes. */
export function writePlayed(played: PlayedKernel): void {
  const isSame = ({ release, build, model }: PlayedKernel) =>
    release === played.release && build === played.build && model === played.model
  const before = readPlayed().find(isSame)
  const joined = {
    ...played,
    scopes: { ...before?.scopes, ...played.scopes },
    counterexamples: { ...before?.counterexamples, ...played.counterexamples },
  }
  const others = readPlayed().filter((row) => row.release !== played.release || row.model !== played.model)
  const rows = [...others, joined].sort((a, b) => byVersion(a.release, b.release))
  writeFileSync(FILE, `[\n${rows.map(rowText).join(',\n')}\n]\n`)
}

/** A line for each scope and each counterexample. */
function rowText({ scopes, counterexamples, ...kernel }: PlayedKernel): string {
  return `  ${JSON.stringify(kernel).slice(0, -1)}, "scopes": ${lines(scopes)}, "counterexamples": ${lines(counterexamples)}}`
}

const lines = (members: object): string =>
  `{\n${Object.entries(members)
    .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
    .join(',\n')}\n  }`
