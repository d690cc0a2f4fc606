/**
 * By which Node's console.log and util.inspect ask an object what it is: a method of this name returns a line or a few. Elsewhere it is a
 * symbol as any other.
 */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** `192 MiB`, `1.5 GiB`: bytes as people say them. */
export function sizeText(bytes: number): string {
  let unit = 0
  let size = bytes
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024
    unit++
  }
  return `${Number(size.toFixed(1))} ${UNITS[unit]}`
}

/** `1 page`, `3 pages`, `no pages`. */
export const counted = (n: number, one: string, many = `${one}s`): string => `${n === 0 ? 'no' : n} ${n === 1 ? one : many}`

/** So many rows are shown one by one: a file may have RAM in 60,000 pieces. */
const SHOWN = 16

/** A heading with a line for each row, and how many there are beyond those that are shown. */
export function listText(heading: string, rows: Iterable<string>, count: number): string {
  const shown: string[] = []
  for (const row of rows) {
    if (shown.length === SHOWN) break
    shown.push(row)
  }
  const rest = count > shown.length ? [`and ${count - shown.length} more`] : []
  return [heading, ...shown, ...rest].join('\n  ')
}

/** Guest RAM by its regions. */
export function memoryText(name: string, regions: readonly { readonly bytes: number }[]): string {
  const bytes = regions.reduce((sum, region) => sum + region.bytes, 0)
  const heading = `${name} ${sizeText(bytes)} in ${counted(regions.length, 'region')}`
  return listText(heading, regions.slice(0, SHOWN).map(String), regions.length)
}
