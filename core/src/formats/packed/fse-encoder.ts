import type { FseTable } from './fse.ts'
import type { ZstdBits } from './zstd-bits.ts'

/** Encodes one FSE code from its last symbol to its first, by the table that decodes it. Source: RFC 8878, 4.1. */
export class FseEncoder {
  readonly bits: number
  readonly #table: FseTable
  /** By symbol and the state that follows: the state of that symbol from which one comes there. */
  readonly #before: readonly Uint8Array[]

  constructor(table: FseTable) {
    this.bits = table.bits
    this.#table = table
    const size = 1 << table.bits
    const before = Array.from({ length: Math.max(...table.symbols) + 1 }, () => new Uint8Array(size))
    for (let state = 0; state < size; state++) {
      const first = table.bases[state]!
      before[table.symbols[state]!]!.fill(state, first, first + 2 ** table.widths[state]!)
    }
    this.#before = before
  }

  /** A state of the symbol that comes last: any of them. */
  last(symbol: number): number {
    return this.#table.symbols.indexOf(symbol)
  }

  /** The state of a symbol behind which comes `next`, once the bits are written that lead there. */
  before(symbol: number, next: number, bits: ZstdBits): number {
    const state = this.#before[symbol]![next]!
    bits.add(next - this.#table.bases[state]!, this.#table.widths[state]!)
    return state
  }
}
