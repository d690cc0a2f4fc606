/** A copy of `from` with `length` elements, the new ones 0. */
export function grown(from: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const into = new Int32Array(length)
  into.set(from)
  return into
}
