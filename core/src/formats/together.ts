const GAP = 64 << 10
const LARGEST_READ = 4 << 20

/** Items that are read at once, and the bytes that hold all of them. */
interface Group<T> {
  readonly start: number
  readonly bytes: number
  readonly items: readonly T[]
}

/** Puts what lies close together into one read. Items are in order of their places in the file, which `placeOf` tells. */
export function* together<T>(
  items: readonly T[],
  placeOf: (item: T) => { readonly offset: number; readonly bytes: number },
): Generator<Group<T>> {
  for (let first = 0; first < items.length; ) {
    const { offset: start, bytes } = placeOf(items[first]!)
    let end = start + bytes
    let next = first + 1
    for (; next < items.length; next++) {
      const place = placeOf(items[next]!)
      const last = place.offset + place.bytes
      if (place.offset - end > GAP || last - start > LARGEST_READ) break
      end = Math.max(end, last)
    }
    yield { start, bytes: end - start, items: items.slice(first, next) }
    first = next
  }
}
