import { type Decoded, type Fields, type Layout, TTD } from '../abi/index.ts'
import type { Gpa, LoadableMemory } from '../memory/index.ts'

/** What became of a translation: an address, nothing, or a word of guest RAM that has to be loaded first. */
export type Translated =
  | { readonly kind: 'output'; readonly address: number }
  | { readonly kind: 'none' }
  | { readonly kind: 'needs'; readonly at: Gpa }

/** Translation tables of AArch64, stage 1. */
export interface TranslationTables {
  /** log2 of the granule; undefined for a reserved one. */
  readonly granule: number | undefined
  readonly inputBits: number
  readonly base: number
  /** Addresses of 52 bits with small granules (LPA2), which take one more level. */
  readonly isLong?: boolean
}

const LEVELS = 4
const DESCRIPTOR_BITS = 3

/** A walk comes to its end early: there is no translation, or a word is not there yet. */
export class WalkEnd extends Error {
  readonly needs: Gpa | undefined
  constructor(needs?: Gpa) {
    super('the walk ends')
    this.needs = needs
  }
}

/** What a walk comes to that may end early. */
export function walked(walk: () => number): Translated {
  try {
    return { kind: 'output', address: walk() }
  } catch (error) {
    if (!(error instanceof WalkEnd)) throw error
    return error.needs === undefined ? { kind: 'none' } : { kind: 'needs', at: error.needs }
  }
}

/** A word of guest RAM. @throws WalkEnd when it is not there. */
export function wordAt<F extends Fields>(memory: LoadableMemory, at: number, layout: Layout<F>): Decoded<F> {
  const here = at as Gpa
  if (!memory.contains(here, 8)) throw new WalkEnd()
  if (!memory.isLoaded(here, 8)) throw new WalkEnd(here)
  return layout.decode(memory.u32(here), memory.u32((here + 4) as Gpa))
}

/**
 * Translates an input address by translation tables. @throws WalkEnd without a translation.
 *
 * @source Arm DDI 0487, "The VMSAv8-64 translation process"
 */
export function walkTables(
  memory: LoadableMemory,
  { granule, inputBits, base, isLong }: TranslationTables,
  input: number,
): number {
  if (granule === undefined || inputBits > 52 || input >= 2 ** inputBits) throw new WalkEnd()
  const stride = granule - DESCRIPTOR_BITS
  const levels = Math.ceil((inputBits - granule) / stride)
  if (levels < 1 || levels > LEVELS + Number(isLong ?? false)) throw new WalkEnd()
  let table = base
  for (let left = levels - 1; ; left--) {
    const shift = granule + stride * left
    const entry = wordAt(memory, table + (Math.floor(input / 2 ** shift) % 2 ** stride) * 8, TTD)
    if (!entry.valid || (left === 0 && !entry.table)) throw new WalkEnd()
    if (left > 0 && entry.table) table = aligned(entry.address, granule)
    else return aligned(entry.address, shift) + (input % 2 ** shift)
  }
}

const aligned = (address: number, bits: number): number => address - (address % 2 ** bits)
