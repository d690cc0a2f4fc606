/** A value as it stands in the message of an error. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return String(value)
}

/**
 * An argument that must be a whole number from `least` to `most`.
 *
 * @throws RangeError with the name of the argument, its value and the limits.
 */
export function wholeNumber(what: string, value: unknown, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new RangeError(`${what} ${shown(value)} is no whole number from ${least} to ${most}`)
}

/**
 * An argument that must be a bigint of 64 bits.
 *
 * @throws RangeError with the name of the argument and its value.
 */
export function word64(what: string, value: unknown): bigint {
  if (typeof value === 'bigint' && value >= 0n && value < 1n << 64n) return value
  throw new RangeError(`${what} ${shown(value)} is no bigint of 64 bits`)
}

/**
 * An entry of a table by its name: nothing that the table inherits.
 *
 * @throws RangeError with what was looked for and its name.
 */
export function named<T extends object, K extends keyof T>(table: T, what: string, name: K): T[K] {
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name]
  throw new RangeError(`${shown(name)} is no ${what}`)
}

/**
 * What stands at an index.
 *
 * @throws RangeError with what it is, the index and how many there are.
 */
export function elementAt<T>(list: readonly T[], what: string, index: number): T {
  if (typeof index === 'number' && index in list) return list[index]!
  throw new RangeError(`no ${what} ${shown(index)}: there are ${list.length}`)
}
