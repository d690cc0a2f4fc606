/** Bytes that go into a block as they are, or that repeat others from `distance` before. */
export type Piece = { readonly literals: Uint8Array } | { readonly distance: number; readonly length: number }

const SHORTEST = 4

/** `bytes` in pieces: a repetition begins with four bytes that were there before, at most `farthest` back. No piece is empty. */
export function piecesOf(bytes: Uint8Array, farthest: number): Piece[] {
  const places = new Map<number, number>()
  const pieces: Piece[] = []
  let done = 0
  const literals = (end: number) => {
    if (end > done) pieces.push({ literals: bytes.subarray(done, end) })
  }
  for (let at = 0; at + SHORTEST <= bytes.length; ) {
    const key = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    const from = places.get(key)
    places.set(key, at)
    if (from === undefined || at - from > farthest) {
      at++
      continue
    }
    let length = SHORTEST
    while (at + length < bytes.length && bytes[from + length] === bytes[at + length]) length++
    literals(at)
    pieces.push({ distance: at - from, length })
    at += length
    done = at
  }
  literals(bytes.length)
  return pieces
}

/** What pieces come to. */
export function contentsOf(pieces: readonly Piece[]): Uint8Array {
  const bytes: number[] = []
  for (const piece of pieces) {
    if ('literals' in piece) bytes.push(...piece.literals)
    else for (let left = piece.length; left > 0; left--) bytes.push(bytes.at(-piece.distance)!)
  }
  return Uint8Array.from(bytes)
}

/** Literals and repetitions of many lengths, in an order that `seed` chooses: what was packed once by other programs. */
export function mixture(seed: number, length: number): Uint8Array {
  const bytes: number[] = []
  let state = seed
  const chosen = (of: number) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fff_ffff
    return (state >>> 16) % of
  }
  while (bytes.length < length) {
    if (chosen(3) === 0 || bytes.length < 8) {
      for (let left = 1 + chosen(6); left > 0; left--) bytes.push(chosen(256))
    } else {
      const distance = 1 + chosen(Math.min(bytes.length, [8, 900, 3000, 30_000][chosen(4)]!))
      for (let left = 2 + chosen([2, 3, 8, 3000][chosen(4)]!); left > 0; left--) bytes.push(bytes.at(-distance)!)
    }
  }
  return Uint8Array.from(bytes.slice(0, length))
}
