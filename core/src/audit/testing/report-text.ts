import { readFileSync } from 'node:fs'
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

/** Recorded texts by their titles: `== title` above each. */
export function recorded(file: URL): ReadonlyMap<string, string> {
  const blocks = readFileSync(file, 'utf8').split(/^== /m).slice(1)
  return new Map(blocks.map((block) => [block.slice(0, block.indexOf('\n')), block.slice(block.indexOf('\n') + 1).trimEnd()]))
}

/** The file of such texts. */
export function record(texts: ReadonlyMap<string, string>): string {
  return [...texts].map(([title, text]) => `== ${title}\n${text}\n`).join('\n')
}
