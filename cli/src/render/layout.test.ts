import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { style } from '../style.ts'
import { displayWidth } from './display-width.ts'
import { beside, fit, fold, rows, titleLines, wrap } from './layout.ts'

describe('the width of a text', () => {
  it.each([
    ['letters', 'LPI 8192', 8],
    ['marks that set it off', style(true).bold('LPI 8192'), 8],
    ['an accent of its own', 'e\u0301te\u0301', 3],
    ['ideographs and fullwidth forms', '虚拟機ＶＭ', 10],
    ['Hangul, of syllables and of letters that join', '가나 \u1112\u1161\u11ab', 7],
    ['what is shown as a picture', 'vm🚀', 4],
    ['signs that are one column wide', '×3 · “…”', 8],
  ])('is as a terminal shows it: %s', (_what, text, columns) => {
    expect(displayWidth(text)).toBe(columns)
  })
})

describe('a line that is too wide', () => {
  it('of text goes on below itself', () => {
    expect(fold('  DeviceID 0x10 is still valid in the device table', 30)).toEqual([
      '  DeviceID 0x10 is still valid',
      '  in the device table',
    ])
  })

  it('of a heading and its text goes on behind the heading', () => {
    expect(fold('  proof   the queue: MAPD DeviceID 0x5200 V=0', 30)).toEqual([
      '  proof   the queue: MAPD',
      '          DeviceID 0x5200 V=0',
    ])
  })

  it('has its heading beside its text, also where something stands behind that', () => {
    expect(fold('  proof   the queue: MAPD DeviceID 0x5200 V=0  R-ring', 30)).toEqual([
      '  proof   the queue: MAPD',
      '          DeviceID 0x5200 V=0',
      '          R-ring',
    ])
  })

  it('of a table is broken between its columns', () => {
    expect(fold('  event 0  LPI 8195  collection 1  request queue 0', 36)).toEqual([
      '  event 0  LPI 8195  collection 1',
      '           request queue 0',
    ])
  })

  it('takes the other rows of its table with it', () => {
    const lines = ['  0x40  0x1  DeviceID 0x8  V=1  orphan', '  0x48  0x2  DeviceID 0x10  V=1  KVM stops here']
    expect(rows(lines, 3, { width: 46 })).toEqual([
      '  0x40  0x1  DeviceID 0x8',
      '        V=1  orphan',
      '  0x48  0x2  DeviceID 0x10',
      '        V=1  KVM stops here',
    ])
    expect(rows(lines, 3, { width: 47 })).toEqual(lines)
  })

  it('keeps what is set off set off on each of its lines, and nowhere else', () => {
    const { bad, bold } = style(true)
    expect(fold(`${bad(`no ${bold('device at all')}`)} restores`, 10)).toEqual([
      bad(`no ${bold('device')}`),
      bad(bold('at all')),
      'restores',
    ])
  })

  it('is measured as it is shown', () => {
    expect(fit('虚拟 機器', { width: 8 })).toBe('虚拟\n機器')
    expect(beside(style(true).bold('D203'), style(true).bad('fails'), { width: 60 }).map(displayWidth)).toEqual([60])
    expect(titleLines('虚拟機', 'x', { width: 8 })).toEqual(['虚拟機', '  x'])
  })

  it.each([60, 80, 120, 200])(
    'is no wider than %i columns afterwards unless it is one word, and has every word as it was',
    (width) => {
      const letters = (length: number) => 'a'.repeat(length)
      const word = fc.oneof(
        { weight: 6, arbitrary: fc.integer({ min: 1, max: 12 }).map(letters) },
        { weight: 1, arbitrary: fc.integer({ min: 50, max: 90 }).map(letters) },
        { weight: 1, arbitrary: fc.constantFrom('虚拟機', '0x80020000_08804743', style(true).bad('fails:')) },
      )
      const gap = fc.nat(9).map((n) => ' '.repeat(n < 7 ? 1 : n))
      const line = fc
        .tuple(fc.nat(12), fc.array(fc.tuple(word, gap), { maxLength: 40 }))
        .map(([indent, words]) => `${' '.repeat(indent)}${words.map(([one, after]) => one + after).join('')}`.trimEnd())
      fc.assert(
        fc.property(line, (text) => {
          for (const laid of [fold(text, width), wrap(text, 'Why', { width }).split('\n'), rows([text], 3, { width })]) {
            for (const one of laid) expect(displayWidth(one) <= width || isOneWord(one)).toBe(true)
          }
          expect(fold(text, width).join(' ').split(/ +/).filter(Boolean)).toEqual(text.split(/ +/).filter(Boolean))
        }),
      )
    },
  )
})

const isOneWord = (line: string): boolean => /^ *(Why +)?[^ ]+$/.test(line)
