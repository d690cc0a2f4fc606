import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { byVersion } from '../kernels/version.ts'
import type { Ending, PlayedSegment } from './played.ts'

/** What came of histories of scopes on one real kernel and on the model, side by side. */
export interface PlayedScopes {
  readonly release: string
  /** As the kernel calls its build. */
  readonly build: string
  /** What was modelled: a profile, with quirks more or less. */
  readonly model: string
  readonly scopes: number
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
  /** Batches under which a host died unforeseen. */
  readonly stopped: number
}

/** What is counted while they are played. */
export class Tally {
  #histories = 0
  #images = 0
  #answers = 0
  readonly #endings: Record<Ending, number> = { exact: 0, other: 0, refused: 0, cut: 0 }
  differing = 0
  stopped = 0

  add({ segment, ending, answers, difference }: PlayedSegment): void {
    if (segment.kind === 'history') this.#histories++
    else this.#images++
    this.#answers += answers
    this.#endings[ending]++
    if (difference !== undefined) this.differing++
  }

  get line(): string {
    const { exact, other, refused, cut } = this.#endings
    const ended = `${exact} restored exactly, ${other} otherwise, ${refused} refused, ${cut} cut before what stops the host`
    return `${this.#histories} histories and ${this.#images} images, ${this.#answers} answers: ${ended}; ${this.differing} differ`
  }

  result(asked: Pick<PlayedScopes, 'release' | 'build' | 'model' | 'scopes'>): PlayedScopes {
    const { differing, stopped } = this
    const counts = { histories: this.#histories, images: this.#images, answers: this.#answers }
    return { ...asked, ...counts, endings: this.#endings, differing, stopped }
  }
}

/** Where it is written down; docs/scope.md is printed from it. */
const FILE = fileURLToPath(new URL('../../../fixtures/scope/kernels.json', import.meta.url))

/** What is written down, oldest kernel first. */
export const readPlayed = (): PlayedScopes[] =>
  existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as PlayedScopes[]) : []

/** Writes it down, in the place of what is known of that kernel. */
export function writePlayed(played: PlayedScopes): void {
  const others = readPlayed().filter(({ release, model }) => release !== played.release || model !== played.model)
  const rows = [...others, played].sort((a, b) => byVersion(a.release, b.release))
  writeFileSync(FILE, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`)
}
