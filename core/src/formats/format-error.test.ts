import { describe, expect, it } from 'vitest'
import { printable } from './format-error.ts'
import { FormatError } from './index.ts'

describe('text from a file', () => {
  it.each([
    ['plain text', 'virt-7.2 ~', 'virt-7.2 ~'],
    ['what steers a terminal', 'a\u001b[2J\u009b\n\u007f\u00e4', 'a.[2J....'],
    ['as much as may be shown', 'x'.repeat(255), 'x'.repeat(255)],
    ['more than may be shown', 'x'.repeat(256), `${'x'.repeat(252)}...`],
  ])('is made safe: %s', (_, text, shown) => {
    expect(printable(text)).toBe(shown)
  })
})

describe('an error about a file', () => {
  const error = new FormatError(0x1234, 'this', 'that\n')

  it('says where it is, what was expected and what was found', () => {
    expect(error).toMatchObject({ offset: 0x1234, expected: 'this', found: 'that\n', file: undefined, name: 'FormatError' })
    expect(error.message).toBe('at byte 0x1234: expected this, found that.')
  })

  it('calls nothing by a name from the file that a terminal would obey', () => {
    expect(new FormatError(0, 'the file "ra\u009b2Jm"', 'none').message).toBe(
      'at byte 0x0: expected the file "ra.2Jm", found none',
    )
  })

  it('can name the file, safely, and keeps what it came from', () => {
    const named = error.in('vm\n.mem')
    expect(named).toMatchObject({ offset: 0x1234, expected: 'this', found: 'that\n', file: 'vm\n.mem' })
    expect(named.message).toBe('vm..mem: at byte 0x1234: expected this, found that.')
    expect(named.cause).toBe(error)
  })
})
