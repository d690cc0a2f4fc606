import { hex, type ItsPlace } from '@vits/core/abi'

/** `1 device`, `3 devices`. */
export const count = (n: number, one: string, many = `${one}s`): string => `${n} ${n === 1 ? one : many}`

/** `ITS 1 at 0x80a0000`: for a VM with several. */
export const itsWords = ({ index, base }: ItsPlace): string => `ITS ${index}${base === undefined ? '' : ` at ${hex(base)}`}`

const WIDTH = 90

/** Two texts on one line, the second at the right edge; `visible` is the first one's length without colour. */
export function beside(left: string, right: string, visible = left.length): string {
  return `${left}${' '.repeat(Math.max(2, WIDTH - visible - right.length))}${right}`
}

const INDENT = 8

/** Text on lines of a width that can be read. */
export function paragraph(text: string, width = WIDTH): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

/** A paragraph with a heading before its first line, the rest indented below. */
export const wrap = (text: string, heading: string): string =>
  paragraph(text, WIDTH - INDENT)
    .map((line, i) => `${(i === 0 ? heading : '').padEnd(INDENT)}${line}`)
    .join('\n')
