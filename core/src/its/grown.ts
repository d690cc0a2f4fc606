type Column = Int32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** A copy of `from` with `length` elements, the new ones 0. */
export function grown<C extends Column>(from: C, length: number): C {
  const into = new (from.constructor as new (length: number) => C)(length)
  into.set(from)
  return into
}
