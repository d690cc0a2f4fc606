// Measures sides against each other: each in a process of its own, so that none shapes the code that V8 makes of another, and round by
// round in turn, so that what else the machine does meets them all.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Shape } from './guest-shape.ts'
import { profileOptions } from './profile.ts'
import type { SubjectName, WorkName } from './works.ts'

/** Milliseconds of a round, and of the rounds before the first that counts. */
const ROUND = 20
const WARM_UP = 300

export interface SideOptions {
  readonly subject: SubjectName
  readonly shape: Shape
}

/** Nanoseconds an operation: on average, and when it was fastest. */
export interface Figure {
  readonly mean: number
  readonly least: number
}

/** A process that waits to be asked. */
export class Side {
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  #answer: (figure: Figure) => void = () => {}

  constructor(options: SideOptions) {
    this.#process = fork(fileURLToPath(new URL('side.ts', import.meta.url)), [JSON.stringify(options)], {
      execArgv: [...profileOptions(options.subject), '--import', 'tsx'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#process.on('message', (figure: Figure) => this.#answer(figure))
    this.#ended = once(this.#process, 'exit')
  }

  /** A round of so many milliseconds or a little more, in which the work is done at least so many times. */
  async round(work: WorkName, ms = ROUND, times = 1): Promise<Figure> {
    const answer = new Promise<Figure>((resolve) => {
      this.#answer = resolve
    })
    this.#process.send({ work, ms, times })
    const isOver = this.#ended.then(() => undefined)
    const figure = await Promise.race([answer, isOver])
    if (figure === undefined) throw new Error(`the process that measures ${work} has ended`)
    return figure
  }

  async end(): Promise<void> {
    if (this.#process.connected) this.#process.disconnect()
    await this.#ended
  }
}

/** One of those that take turns. */
export interface Turn {
  readonly side: Side
  readonly work: WorkName
}

/** So many rounds of each after those that bring the code to speed, in turn: for each, nanoseconds an operation of its rounds. */
export async function takeTurns(turns: readonly Turn[], rounds: number): Promise<readonly (readonly number[])[]> {
  for (const { side, work } of turns) await side.round(work, WARM_UP)
  const figures = turns.map((): number[] => [])
  for (let round = 0; round < rounds; round++) {
    for (const [n, { side, work }] of turns.entries()) figures[n]!.push((await side.round(work)).mean)
  }
  return figures
}

export const median = (figures: readonly number[]): number => [...figures].sort((a, b) => a - b)[figures.length >> 1]!
export const fastest = (figures: readonly number[]): number => Math.min(...figures)

/** How many times what the other takes: the median over rounds, each beside the other's next to it. */
export function ratio(figures: readonly number[], others: readonly number[]): number {
  return median(figures.map((figure, round) => figure / others[round]!))
}
