import { hex } from '../abi/index.ts'

/**
 * A guest physical address: `0x8080000`.
 * @pattern ^0x[0-9a-f]+$
 */
export type Address = string

/**
 * The 64 bits of a table entry, in two halves: `0x80100000_0881b600`.
 * @pattern ^0x[0-9a-f]{8}_[0-9a-f]{8}$
 */
export type EntryWord = string

/**
 * The 64 bits of a register: `0x429e0780`.
 * @pattern ^0x[0-9a-f]+$
 */
export type RegisterValue = string

/** An address of guest RAM, or null where there is none. */
export const address = (at: number | undefined): Address | null => (at === undefined ? null : hex(at))
