import type { Style } from '../style.ts'
import { displayWidth, marksIn } from './display-width.ts'

/** The eye does not find the next line of a text that is wider: tables may be. */
const READABLE = 110

/** Columns of the heading of a paragraph. */
const HEADING = 8

/** A word with the spaces before it. */
interface Word {
  readonly gap: number
  readonly text: string
  readonly columns: number
}

/** Two spaces or more part columns, one parts words. */
const COLUMN_GAP = 2

function wordsOf(line: string): Word[] {
  return [...line.matchAll(/( *)([^ ]+)/g)].map(([, gap, text]) => ({
    gap: gap!.length,
    text: text!,
    columns: displayWidth(text!),
  }))
}

/** The columns of a table row, each as its words. */
function cellsOf(words: readonly Word[]): Word[][] {
  const cells: Word[][] = []
  for (const [i, word] of words.entries()) {
    if (i === 0 || word.gap >= COLUMN_GAP) cells.push([word])
    else cells.at(-1)!.push(word)
  }
  return cells
}

const columnsOf = (cell: readonly Word[]): number =>
  cell.reduce((sum, { gap, columns }, i) => sum + (i > 0 ? gap : 0) + columns, 0)

/** What has been laid out of a line that is too wide. */
class Folding {
  readonly lines: string[] = []
  /** Where the next word would stand without a gap. */
  column: number
  /** There is no word on this line yet. */
  isBlank = true
  #text: string

  constructor(indent: number) {
    this.column = indent
    this.#text = ' '.repeat(indent)
  }

  put({ gap, text, columns }: Word): void {
    const before = this.isBlank ? 0 : gap
    this.#text += ' '.repeat(before) + text
    this.column += before + columns
    this.isBlank = false
  }

  /** Ends the line, and begins the next one. */
  break(indent: number): void {
    this.lines.push(this.#text)
    this.#text = ' '.repeat(indent)
    this.column = indent
    this.isBlank = true
  }
}

/**
 * A line on as many as its width asks for. Words stay whole. A row of a table is broken between its columns, and goes on below its
 * second one; a text behind a heading stays behind it.
 */
export function fold(line: string, width: number): string[] {
  return displayWidth(line) <= width ? [line] : folded(line, width, Number.POSITIVE_INFINITY)
}

/** Rows of one table: where one of them is too wide, all are broken before the same column, counted from 0. */
export function rows(lines: readonly string[], column: number, { width }: Pick<Style, 'width'>): string[] {
  return lines.every((line) => displayWidth(line) <= width) ? [...lines] : lines.flatMap((line) => folded(line, width, column))
}

function folded(line: string, width: number, breakAt: number): string[] {
  const words = wordsOf(line)
  const cells = cellsOf(words)
  const indent = words[0]?.gap ?? 0
  const below = belowOf(cells, indent, width)
  const folding = new Folding(indent)
  for (const [i, cell] of cells.entries()) {
    const [first] = cell as [Word]
    const at = folding.column + first.gap
    const isRoom = folding.isBlank || (i !== breakAt && at + columnsOf(cell) <= width)
    // What has no room on the next line either begins where it stands, unless that is far to the right.
    const isText = i === cells.length - 1 && cell.length > 1 && columnsOf(cell) > width - below
    const isNear = at <= below || (isText && at <= width / 3)
    const beginsHere = i !== breakAt && isNear && at + first.columns <= width
    if (!isRoom && !beginsHere) folding.break(below)
    const hang = folding.isBlank ? folding.column : at
    for (const word of cell) {
      if (!folding.isBlank && word !== first && folding.column + word.gap + word.columns > width) folding.break(hang)
      folding.put(word)
    }
  }
  folding.break(0)
  return marked(folding.lines)
}

/** Digits for which there is room where numbers stand below each other. */
const NUMBER = 5

/** Where a row goes on: below its second column, unless that is far to the right. */
function belowOf([first, second]: readonly Word[][], indent: number, width: number): number {
  if (second === undefined) return indent
  const [{ gap, text, columns }] = second as [Word]
  const left = indent + columnsOf(first!)
  const at = left + (/^\d+$/.test(text) ? Math.max(COLUMN_GAP, gap + columns - NUMBER) : gap)
  return at <= width / 3 ? at : indent + 4
}

/** What is set off on one line and ends on another is set off on each: a pager forgets at the end of a line. */
function marked(lines: readonly string[]): string[] {
  let open: string[] = []
  return lines.map((line) => {
    const before = open.join('')
    for (const mark of marksIn(line)) open = isEnd(mark) ? open.slice(0, -1) : [...open, mark]
    const [, indent = '', text = ''] = /^( *)(.*)$/.exec(line) ?? []
    return `${indent}${before}${text}${[...open].reverse().map(endOf).join('')}`
  })
}

/** SGR 22 ends bold and dim, 39 a colour. */
const isEnd = (mark: string): boolean => /\[(22|39)m$/.test(mark)
const endOf = (mark: string): string => `\u001b[${/\[[12]m$/.test(mark) ? 22 : 39}m`

/** Every line of a text, folded. */
export const fit = (text: string, { width }: Pick<Style, 'width'>): string =>
  text
    .split('\n')
    .flatMap((line) => fold(line, width))
    .join('\n')

/** A text on lines that can be read. */
export const paragraph = (text: string, { width }: Pick<Style, 'width'>): string[] => fold(text, Math.min(width, READABLE))

/** A paragraph with a heading before its first line, the rest indented below. */
export function wrap(text: string, heading: string, { width }: Pick<Style, 'width'>): string {
  return fold(text, Math.min(width, READABLE) - HEADING)
    .map((line, i) => `${(i === 0 ? heading : '').padEnd(HEADING)}${line}`)
    .join('\n')
}

/** What a report is of, and what that is; below it where there is no room beside it. */
export function titleLines(of: string, what: string, { width }: Pick<Style, 'width'>): string[] {
  const line = `${of}  ${what}`
  return displayWidth(line) <= width ? [line] : [of, ...fold(`  ${what}`, width)]
}

/** Two texts on one line, the second at the right edge; below the first where there is no room for both. */
export function beside(left: string, right: string, { width }: Pick<Style, 'width'>): string[] {
  const between = Math.min(width, READABLE) - displayWidth(left) - displayWidth(right)
  return between >= COLUMN_GAP ? [`${left}${' '.repeat(between)}${right}`] : [left, ...fold(`  ${right}`, width)]
}
