import { crc32 } from './crc32.ts'
import { Crc64 } from './crc64.ts'
import { Sha256Hash } from './sha256.ts'

/** What a block of an xz file is held against. */
export interface BlockCheck {
  add(bytes: Uint8Array): void
  /** As it stands behind the block. */
  digest(): Uint8Array
}

/** A check by its number in the flags of a stream: how long it is and how it is made. */
export interface CheckKind {
  readonly bytes: number
  make(): BlockCheck
}

/** The checks that xz writes; the others of the sixteen numbers were never used. Source: the .xz file format 1.2.1, 2.1.1.2. */
export const checkKinds: ReadonlyMap<number, CheckKind> = new Map([
  [0, { bytes: 0, make: () => ({ add: () => undefined, digest: () => new Uint8Array(0) }) }],
  [1, { bytes: 4, make: () => new Crc32Check() }],
  [4, { bytes: 8, make: () => new Crc64() }],
  [10, { bytes: 32, make: () => new Sha256Hash() }],
])

class Crc32Check implements BlockCheck {
  #crc = 0

  add(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc)
  }

  digest(): Uint8Array {
    return littleEndian(this.#crc)
  }
}

/** A u32 with its lowest byte first. */
export function littleEndian(word: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, word, true)
  return bytes
}
