/** How far the work may be ahead of the first file that has not been told of: what is found meanwhile has to be kept. */
const AHEAD = 64

/** Which files have their turn, or have had it: the threads of a job share this, and each file is one thread's. */
export interface Claims {
  /** One for each file: 1 when a thread has it. */
  readonly taken: Int32Array
  /** How many files, from the first on, have been told of. */
  readonly told: Int32Array
}

export const newClaims = (files: number): Claims => ({ taken: shared(files), told: shared(1) })

/** Of the same files, all are taken but one. */
export function onlyOne({ taken, told }: Claims, index: number): Claims {
  const rest = shared(taken.length).fill(1)
  rest[index] = 0
  return { taken: rest, told }
}

const shared = (length: number) => new Int32Array(new SharedArrayBuffer(length * Int32Array.BYTES_PER_ELEMENT))

/** In the thread: takes a file, unless another has it. Waits where the work is too far ahead. */
export function claim({ taken, told }: Claims, index: number): boolean {
  if (Atomics.load(taken, index) === 1) return false
  for (let first = Atomics.load(told, 0); index >= first + AHEAD; first = Atomics.load(told, 0)) Atomics.wait(told, 0, first)
  return Atomics.compareExchange(taken, index, 0, 1) === 0
}

/** From outside: so many files have been told of. */
export function tell({ told }: Claims, count: number): void {
  Atomics.store(told, 0, count)
  Atomics.notify(told, 0)
}

export const hasFree = ({ taken }: Claims): boolean => taken.includes(0)

/** From outside: takes the first file that no thread has. */
export function takeFirst({ taken }: Claims): number | undefined {
  const index = taken.indexOf(0)
  if (index < 0) return undefined
  Atomics.store(taken, index, 1)
  return index
}
