import type { Turn } from '../turns.ts'
import { type Claims, tell } from './claims.ts'
import type { Progress } from './progress.ts'
import type { Hearer, Leashed } from './thread.ts'

/** Tells of turns in the order of the files, whichever thread is done first, and once of what every thread says. */
export class InOrder implements Hearer {
  readonly #leashed: Leashed
  readonly #claims: Claims | undefined
  readonly #progress: Pick<Progress, 'next'>
  readonly #waiting = new Map<number, Turn>()
  readonly #said = new Set<string>()
  #next = 0

  constructor(leashed: Leashed, claims: Claims | undefined, progress: Pick<Progress, 'next'>) {
    this.#leashed = leashed
    this.#progress = progress
    this.#claims = claims
  }

  turn(turn: Turn): void {
    this.#progress.next()
    this.#waiting.set(turn.index, turn)
    for (let next = this.#waiting.get(this.#next); next !== undefined; next = this.#waiting.get(this.#next)) {
      this.#waiting.delete(this.#next++)
      this.#tell(next)
    }
    if (this.#claims !== undefined) tell(this.#claims, this.#next)
  }

  outside(say: 'out' | 'err', text: string): void {
    const { io, hear } = this.#leashed
    if (hear !== undefined && this.#said.has(text)) return
    this.#said.add(text)
    io[say](text)
  }

  #tell(turn: Turn): void {
    const { io, hear } = this.#leashed
    if (hear !== undefined) hear(turn)
    else if (turn.err !== '') io.err(turn.err)
  }
}
