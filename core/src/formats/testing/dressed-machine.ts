import type { GicRegisters, MsiFunction } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'

/** What a machine is, whoever saves it: RAM in pieces of whole pages, and for some who save it the address of its ITS is given. */
export interface DressedMachine {
  readonly registers: GicRegisters
  readonly ram: readonly DressedRam[]
  readonly msi?: readonly MsiFunction[]
}

export interface DressedRam {
  readonly base: Gpa
  readonly bytes: Uint8Array
}

/** RAM in which every 64-bit word that is `from` is `to`: what a guest's kernel has of where a device is. */
export function withAddress(ram: readonly DressedRam[], from: Gpa, to: Gpa): DressedRam[] {
  return ram.map(({ base, bytes }) => {
    const changed = bytes.slice()
    const words = new Uint32Array(changed.buffer)
    for (let at = words.indexOf(from); at >= 0; at = words.indexOf(from, at + 1)) {
      if (at % 2 === 0 && words[at + 1] === 0) words[at] = to
    }
    return { base, bytes: changed }
  })
}
