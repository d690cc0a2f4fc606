import { describe, expect, it } from 'vitest'
import { withoutClearing } from './unfixed.ts'

const NOP = 0xd503201f
const MOV_W0_0 = 0x52800000
const symbols = { text: 0n, writeGuest: 0x10n, commands: 0x40n, commandsEnd: 0x80n }
/** `bl` from one place to another. */
const call = (from: number, to: number) => (0x94000000 | (((to - from) >> 2) & 0x3ffffff)) >>> 0

function image(words: Readonly<Record<number, number>>): Buffer {
  const bytes = Buffer.alloc(0x100)
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(words[at] ?? NOP, at)
  return bytes
}

describe('a kernel without the two clearing writes', () => {
  it('makes no call of kvm_write_guest between the command handlers and the next function, and keeps all else', () => {
    const others = { 60: call(0x3c, 0x10), 68: call(0x44, 0x14), 128: call(0x80, 0x10) }
    const patched = image({ ...others, 72: call(0x48, 0x10), 124: call(0x7c, 0x10) })
    withoutClearing(patched, symbols)
    expect(patched.equals(image({ ...others, 72: MOV_W0_0, 124: MOV_W0_0 }))).toBe(true)
  })

  it.each([0, 1, 3])('is not made of one that calls it %i times', (calls) => {
    const places = [0x40, 0x44, 0x48].slice(0, calls)
    const before = image(Object.fromEntries(places.map((at) => [at, call(at, 0x10)])))
    const patched = Buffer.from(before)
    expect(() => withoutClearing(patched, symbols)).toThrow(`call kvm_write_guest ${calls} times, not twice`)
    expect(patched.equals(before)).toBe(true)
  })
})
