import { describe, expect, it } from 'vitest'
import { openTerminal } from './terminal.ts'

/** What both streams of a process show, in order. */
function opened({ isTTY, columns }: { readonly isTTY: boolean; readonly columns?: number }) {
  let seen = ''
  const write = (text: string) => {
    seen += text
  }
  const stream = { isTTY, columns, on: () => {}, write }
  return { terminal: openTerminal({ stdout: stream, stderr: stream, env: {} } as never), seen: () => seen }
}

describe('the line of progress', () => {
  it('is not there where stderr is no terminal', () => {
    expect(opened({ isTTY: false }).terminal.progress).toBeUndefined()
  })

  it('is replaced by the next one, makes way for what is said, and is cleared', () => {
    const { terminal, seen } = opened({ isTTY: true })
    terminal.progress!('vm: reading, 1 %')
    terminal.progress!('vm: reading, 2 %')
    terminal.out('a line\n')
    terminal.progress!('vm: auditing')
    terminal.progress!('')
    terminal.progress!('')
    const clear = '\r\x1b[K'
    expect(seen().split(clear)).toEqual([
      '',
      'vits: vm: reading, 1 %',
      'vits: vm: reading, 2 %',
      'a line\n',
      'vits: vm: auditing',
      '',
    ])
  })

  it('stays on one row, and is not obeyed', () => {
    const { terminal, seen } = opened({ isTTY: true, columns: 40 })
    terminal.progress!(`\x1b[2J${'name '.repeat(20)}`)
    expect(seen()).toBe(`\r\x1b[Kvits: \\x1b[2J${'name '.repeat(20)}`.slice(0, 3 + 1 + 39))
  })
})
