import { COMMAND_BYTES, type CommandName, hex, type Operands } from '../../../abi/index.ts'
import { hexOfBytes, wordBytes } from '../../hex.ts'
import { queued } from '../../queued.ts'
import type { Step } from '../../step.ts'
import { ItsBooks } from './its-books.ts'
import type { Manners } from './manners.ts'
import { RING, registers, zero } from './places.ts'

const PAGE = 0x1000
const DEVICE_IDS = 8192
/** What lies behind a ring that declares more than it has: text. */
const FOREIGN = 0x20

/** The ring of a guest: writes steps, and keeps the books of the ITS that executes them. */
export class Ring {
  readonly steps: Step[]
  /** What the ITS has mapped. */
  readonly books = new ItsBooks(DEVICE_IDS)
  readonly #manners: Manners
  readonly #waiting: ((books: ItsBooks) => void)[] = []
  #enabled = false
  #offset = 0

  constructor(manners: Manners, steps: Step[]) {
    this.#manners = manners
    this.steps = steps
  }

  /** GITS_CBASER, and CWRITER with it, begin anew. */
  program(): void {
    const { declaresMore, fillsRing } = this.#manners
    this.#offset = 0
    const sync = hexOfBytes(wordBytes(queued('SYNC', { rdBase: 0 }).dw))
    if (fillsRing) this.#write(RING, sync.repeat(this.#bytes / COMMAND_BYTES))
    if (declaresMore)
      this.steps.push({ op: 'mem_write', gpa: hex(RING + this.#bytes), fill: FOREIGN.toString(16), len: hex(PAGE) })
    this.register('GITS_CBASER', registers.cbaser(this.#bytes / PAGE + (declaresMore ? 1 : 0)))
  }

  blank(): void {
    this.steps.push(zero(RING, this.#bytes))
  }

  register(reg: string, value: bigint): void {
    this.steps.push({ op: 'its_write', reg, value: hex(value) })
  }

  get enabled(): boolean {
    return this.#enabled
  }

  enable(on: boolean): void {
    this.#enabled = on
    this.register('GITS_CTLR', on ? 1n : 0n)
  }

  /** What the ITS has mapped once it executes the commands that wait. */
  get booksInTheEnd(): ItsBooks {
    const books = this.books.copy()
    for (const obey of this.#waiting) obey(books)
    return books
  }

  send<N extends CommandName>(name: N, operands: Partial<Operands<N>>): void {
    const from = this.#offset
    this.#offset = (from + COMMAND_BYTES) % this.#bytes
    const list = [queued(name, operands)]
    this.steps.push({ op: 'commands', cwriter_before: hex(from), list, cwriter_written: hex(this.#offset) })
    if (this.#manners.clearsRing && this.#enabled) this.steps.push(zero(RING + from, COMMAND_BYTES))
    if (this.#enabled) this.books.obey(name, operands)
    else this.#waiting.push((books) => books.obey(name, operands))
  }

  get #bytes(): number {
    return this.#manners.ringPages * PAGE
  }

  #write(at: number, digits: string): void {
    this.steps.push({ op: 'mem_write', gpa: hex(at), hex: digits })
  }
}
