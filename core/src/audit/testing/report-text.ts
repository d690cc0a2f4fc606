import { hex } from '../../abi/index.ts'
import type { Report } from '../index.ts'

/** A report in full: a line for what concerns the whole ITS, and one for each finding. Addresses and words are in hex. */
export function reportText({ findings, ...rest }: Report): string {
  return [rest, ...findings].map(line).join('\n')
}

/** A value on one line, as JSON but for the quotes around names. */
export function line(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => inHex(key, inner)).replaceAll(/"(\w+)":/g, ' $1: ')
}

const words = new Set(['from', 'to', 'raw'])

function inHex(key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return hex(value)
  if (key === 'at' && typeof value === 'number') return hex(value)
  if (words.has(key) && Array.isArray(value)) return value.map((half: number) => hex(half >>> 0)).join(' ')
  return value
}
