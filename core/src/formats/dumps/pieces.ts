import { firstPast } from '../../memory/index.ts'

/** Bytes of one file that belong at `to` of another. */
export interface Piece {
  readonly to: number
  readonly bytes: number
  /** Where they lie. */
  readonly from: number
}

/** Pieces that were put one after the other: where several were put, the last of them is. */
export class Pieces {
  /** In order of `to`, apart from each other. */
  readonly #visible: readonly Piece[]

  constructor(written: readonly Piece[]) {
    this.#visible = visibleOf(written)
  }

  /** Behind the last of them. */
  get end(): number {
    const last = this.#visible.at(-1)
    return last === undefined ? 0 : last.to + last.bytes
  }

  /** What lies from `start` up to `end`. */
  *within(start: number, end: number): Generator<Piece> {
    const pieces = this.#visible
    for (let i = firstPast(pieces.length, (n) => pieces[n]!.to + pieces[n]!.bytes > start); i < pieces.length; i++) {
      const { to, bytes, from } = pieces[i]!
      if (to >= end) return
      const first = Math.max(to, start)
      yield { to: first, bytes: Math.min(to + bytes, end) - first, from: from + (first - to) }
    }
  }
}

/** Goes along the file from its beginning; the pieces that have begun and not ended wait in a heap, the last that was written on top. */
function visibleOf(written: readonly Piece[]): Piece[] {
  const order = Uint32Array.from(written.keys()).sort((a, b) => written[a]!.to - written[b]!.to)
  const visible: Piece[] = []
  const begun = new NewestFirst()
  const endOf = (index: number) => written[index]!.to + written[index]!.bytes
  let at = 0
  for (let next = 0; next < order.length || begun.size > 0; ) {
    if (begun.size === 0) at = Math.max(at, written[order[next]!]!.to)
    while (next < order.length && written[order[next]!]!.to <= at) begun.add(order[next++]!)
    const top = begun.top
    const end = endOf(top)
    if (end <= at) {
      begun.removeTop()
      continue
    }
    const until = next < order.length ? Math.min(end, written[order[next]!]!.to) : end
    show(visible, { to: at, bytes: until - at, from: written[top]!.from + (at - written[top]!.to) })
    at = until
  }
  return visible
}

/** Appends a piece, or makes the last longer when this goes on with it. */
function show(visible: Piece[], piece: Piece): void {
  const last = visible.at(-1)
  const goesOn = last !== undefined && last.to + last.bytes === piece.to && last.from + last.bytes === piece.from
  if (goesOn) visible[visible.length - 1] = { ...last, bytes: last.bytes + piece.bytes }
  else visible.push(piece)
}

/** Numbers, the largest of which can be taken. */
class NewestFirst {
  readonly #heap: number[] = []

  get size(): number {
    return this.#heap.length
  }

  get top(): number {
    return this.#heap[0]!
  }

  add(index: number): void {
    const heap = this.#heap
    let at = heap.push(index) - 1
    for (let above = (at - 1) >> 1; at > 0 && heap[above]! < index; above = (at - 1) >> 1) {
      heap[at] = heap[above]!
      at = above
    }
    heap[at] = index
  }

  removeTop(): void {
    const heap = this.#heap
    const index = heap.pop()!
    if (heap.length === 0) return
    let at = 0
    for (let below = 1; below < heap.length; below = 2 * at + 1) {
      if (below + 1 < heap.length && heap[below + 1]! > heap[below]!) below++
      if (heap[below]! <= index) break
      heap[at] = heap[below]!
      at = below
    }
    heap[at] = index
  }
}
