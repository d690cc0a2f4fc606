import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { StreamReader } from '../stream-reader.ts'
import { skipToFooter } from './opaque-section.ts'

const ID = 99
const footer = [0x7e, 0, 0, 0, ID]
const end = [...footer, 0, 6, 0, 0, 0, 0]
/** One step of the windows in which a stream is read. */
const STEP = 4 << 20

/** Where the footer is found of a section whose contents begin at byte `from`. */
async function found(bytes: Uint8Array, from = 0): Promise<number> {
  const reader = new StreamReader(bytesSource(bytes), from)
  await skipToFooter(reader, ID, new Map([[7, 'ram']]))
  return reader.offset
}
const name = (text: string) => [text.length, ...Array.from(text, (character) => character.charCodeAt(0))]

describe('the footer of a section whose length nothing tells', () => {
  it.each([
    ['the end of the stream with a description', [0, 6, 0, 0, 0, 0]],
    ['a piece of a section that was begun', [2, 0, 0, 0, 7, 1]],
    ['the last piece of one', [3, 0, 0, 0, 7, 1]],
    ['the beginning of a section', [1, 0, 0, 0, 8, ...name('ram')]],
    ['a whole section', [4, 0, 0, 0, 8, ...name(' ~')]],
    ['a command', [8, 0, 31, 0, 0, 0]],
  ])('has behind it %s', async (_, follows) => {
    expect(await found(Uint8Array.from([1, 2, 3, ...footer, ...follows, ...end]))).toBe(3)
  })

  it.each([
    ['the end of the stream without a description', [0, 5, 0, 0, 0, 6]],
    ['a piece of a section that was not begun', [2, 0, 0, 0, 8, 7]],
    ['the last piece of one', [3, 7, 0, 0, 0, 7]],
    ['a section without a name', [1, 0, 0, 0, 8, 0, 65]],
    ['a section whose name is not printable', [4, 0, 0, 0, 8, 3, 65, 0x1f, 65]],
    ['a section whose name ends in what is not', [4, 0, 0, 0, 8, 3, 65, 65, 0x7f]],
    ['a name longer than the file', [1, 0, 0, 0, 8, 255, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65, 65]],
    ['a command that there is not', [8, 0, 32, 0, 0, 0]],
    ['what begins nothing', [5, 0, 0, 0, 7, 1]],
    ['what begins nothing, with a name', [9, 0, 31, 0, 7, 1, 65]],
  ])('is not what has behind it %s', async (_, follows) => {
    expect(await found(Uint8Array.from([1, 2, 3, ...footer, ...follows, ...end]))).toBe(8 + follows.length)
  })

  it('is that of its own section', async () => {
    expect(await found(Uint8Array.from([0x7e, 0, 0, 0, 98, 0, 6, 0, 0, 0, 0, ...end]))).toBe(11)
  })

  it('may be the first byte, and what is before is not looked at', async () => {
    expect(await found(Uint8Array.from(end))).toBe(0)
    expect(await found(Uint8Array.from([...end, ...end]), 1)).toBe(11)
  })

  it.each([
    ['nothing', []],
    ['no footer', [1, 2, 3, 4, 5, 6, 7]],
    ['half a footer', [1, 2, 3, 4, 5, 0x7e, 0, 0]],
    ['a footer without anything behind it', footer],
    ['a footer and too little behind it', end.slice(0, -1)],
    ['a footer and a name that is cut', [...footer, 1, 0, 0, 0, 8, ...name('ram').slice(0, -1)]],
  ])('is missed in %s', async (_, bytes) => {
    const missed = found(Uint8Array.from(bytes))
    await expect(missed).rejects.toThrow(FormatError)
    await expect(missed).rejects.toMatchObject({ offset: bytes.length, expected: 'the footer of section 99' })
  })

  it.each([STEP - 5, STEP - 3, STEP, STEP + 1, 2 * STEP])('is found wherever the windows end: %d', async (at) => {
    const bytes = new Uint8Array(at + end.length + (at < STEP ? 128 << 10 : 0))
    bytes.set(end, at)
    expect(await found(bytes)).toBe(at)
  })
})
