import { fit } from './render/layout.ts'
import type { Style } from './style.ts'
import { usages } from './usage/index.ts'

export const about = 'Opens a saved arm64 VM, says whether its interrupts will come back, and mends it.'

/** The commands that most people need, and what they are given. */
const first = { check: 'FILE', repair: 'FILE -o COPY', explain: 'WORD' }

/** What `vits` alone says. */
export function firstSteps(style: Pick<Style, 'width'>): string {
  const lines = Object.entries(first).map(([name, words]) => {
    const { summary } = usages.find((usage) => usage.name === name)!
    return `  ${`vits ${name} ${words}`.padEnd(26)}${summary}\n`
  })
  const more = 'vits --help lists every command; vits COMMAND --help says what one takes.'
  return fit(`${about}\n\n${lines.join('')}\n${more}\n`, style)
}
