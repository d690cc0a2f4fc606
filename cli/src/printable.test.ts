import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonText, lines, printable, shellWord } from './printable.ts'
import { marksOf, style } from './style.ts'

describe('text from outside', () => {
  it('cannot move the cursor, change colours or turn the line round', () => {
    expect(printable('a\x1b[2Jb\r\n\u202ec\u009b')).toBe('a\\x1b[2Jb\\x0d\\x0a\\xe2\\x80\\xaec\\xc2\\x9b')
    expect(printable('Größe 1 · vm.mig')).toBe('Größe 1 · vm.mig')
  })

  it.each([
    ['DEL', '\x7f', '\\x7f'],
    ['a zero', '\0', '\\x00'],
    ['an isolate', '\u2066', '\\xe2\\x81\\xa6'],
    ['the Arabic letter mark', '\u061c', '\\xd8\\x9c'],
    ['a separator of lines', '\u2028', '\\xe2\\x80\\xa8'],
    ['a tag that nobody sees', '\u{e0041}', '\\xf3\\xa0\\x81\\x81'],
    ['half a character', '\ud800', '\\ud800'],
    ['a whole one of two halves', '\u{1f4be}', '\u{1f4be}'],
  ])('is shown with %s escaped', (_what, text, shown) => {
    expect(printable(`<${text}>`)).toBe(`<${shown}>`)
  })
})

/** Anything that a string can be. */
const anyText = fc
  .string({ unit: 'binary' })
  .chain((text) => fc.constantFrom(text, `${text}\ud800`, `\x1b[31m${text}`, `${text}\n`))
const obeyed = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe('what goes to a terminal', () => {
  it('has nothing to obey but the ends of lines, whatever it was', () => {
    fc.assert(fc.property(anyText, (text) => !obeyed.test(lines(text).replaceAll('\n', ''))))
  })

  it('keeps the marks that set words off, where there is colour, and none else', () => {
    const { bold, bad } = style(true)
    const text = `${bold('a')}\n${bad('b')}\n`
    expect(lines(text, marksOf(style(true)))).toBe(text)
    expect(lines(`${text}\x1b[2J\x1b[7m`, marksOf(style(true)))).toBe(`${text}\\x1b[2J\\x1b[7m`)
    expect(lines(bold('a'), marksOf(style(false)))).toBe('\\x1b[1ma\\x1b[22m')
  })
})

describe('a document', () => {
  it('is JSON that says the same, without anything to obey', () => {
    const documents = fc.record({ text: anyText, list: fc.array(anyText), more: fc.dictionary(fc.string(), fc.integer()) })
    fc.assert(
      fc.property(documents, fc.constantFrom(0, 2), (document, indent) => {
        const text = jsonText(document, indent)
        expect(JSON.parse(text)).toEqual(document)
        expect(text.replaceAll('\n', '')).not.toMatch(obeyed)
      }),
    )
  })
})

describe('a file in a command to copy', () => {
  it.each(["my vm's.mig", 'a b', '$(rm -rf x)', '-rf', 'plain.mig', 'a"b', 'a\\b', '*', "a\x1b'\\b\u202e"])(
    'is one word of the shell: %s',
    (file) => {
      const seen = execFileSync('bash', ['-c', `printf '%s' ${shellWord(file)}`]).toString()
      expect(seen.replace(/^\.\/-/, '-')).toBe(file)
      expect(shellWord(file).startsWith('-')).toBe(false)
    },
  )

  it('stays as it is when nothing in it needs quotes', () => {
    expect(shellWord('/srv/vm-1/disk_0.mig.zst')).toBe('/srv/vm-1/disk_0.mig.zst')
  })
})
