import { readFileSync } from 'node:fs'

/** Recorded texts by their titles: `== title` above each. */
export function recorded(file: URL): ReadonlyMap<string, string> {
  const blocks = readFileSync(file, 'utf8').split(/^== /m).slice(1)
  return new Map(blocks.map((block) => [block.slice(0, block.indexOf('\n')), block.slice(block.indexOf('\n') + 1).trimEnd()]))
}

/** The file of such texts. */
export function record(texts: ReadonlyMap<string, string>): string {
  return [...texts].map(([title, text]) => `== ${title}\n${text}\n`).join('\n')
}
