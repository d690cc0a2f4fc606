/** The first of `count` indices, in rising order, for which `isPast` holds; `count` when none. */
export function firstPast(count: number, isPast: (index: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isPast(middle)) high = middle
    else low = middle + 1
  }
  return low
}
