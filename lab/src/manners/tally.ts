import type { Trial } from './trial.ts'
import { type Wrong, wrongs } from './verdict.ts'

const counted = ['played', 'differ from the model', 'not restored whole', 'found', 'unsure', 'mended', ...wrongs] as const
type Counted = (typeof counted)[number]

/** The first lines of the table. */
export const tallyHead = `| manners | ${counted.join(' | ')} |\n|---|${counted.map(() => '---|').join('')}`

/** What came of the guests of one manner. */
export class Tally {
  readonly name: string
  /** What went wrong, one line each. */
  readonly told: string[] = []
  readonly #counts = Object.fromEntries(counted.map((what) => [what, 0])) as Record<Counted, number>

  constructor(name: string) {
    this.name = name
  }

  add(seed: number, trial: Trial): void {
    this.#count('played')
    if ('differs' in trial) {
      const { op, field, recorded, answered } = trial.differs.difference
      this.#tell(
        'differ from the model',
        seed,
        `${op}: ${field} is ${abridged(recorded)} for KVM, ${abridged(answered)} for the model`,
      )
      return
    }
    const { whole, found, unsure, mended, wrong } = trial
    if (!whole) this.#count('not restored whole')
    if (found) this.#count('found')
    if (unsure) this.#count('unsure')
    if (mended) this.#count('mended')
    if (wrong !== undefined) this.#tell(wrong.kind, seed, wrong.why)
  }

  /** Guests of which vits or the model is wrong. */
  get wrong(): number {
    return this.told.length
  }

  get row(): string {
    return `| ${[this.name, ...counted.map((what) => this.#counts[what])].join(' | ')} |`
  }

  #tell(what: 'differ from the model' | Wrong, seed: number, why: string): void {
    this.#count(what)
    this.told.push(`  ${this.name}, seed ${seed}: ${what}: ${why}`)
  }

  #count(what: Counted): void {
    this.#counts[what]++
  }
}

const abridged = (text: string) => (text.length > 200 ? `${text.slice(0, 200)}...` : text || 'nothing')
