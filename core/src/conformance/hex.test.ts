import { describe, expect, it } from 'vitest'
import { GuestMemory, gpa } from '../memory/index.ts'
import { nonzeroWords } from './hex.ts'

const BASE = 0x40000000n

function memory(...shapes: readonly ('flat' | 'sparse')[]): GuestMemory {
  const all = shapes.map((backing, n) => ({ base: gpa(BASE + BigInt(n * 0x4000)), bytes: 0x4000, backing }))
  return new GuestMemory(all)
}

describe.each(['flat', 'sparse'] as const)('a dump of %s memory', (backing) => {
  it('names the words that are not zero, a lone sign bit among them, by their offset', () => {
    const ram = memory(backing)
    ram.setWord(gpa(BASE + 0x1008n), 0x04030201, -0x80000000)
    ram.setWord(gpa(BASE + 0x3ff8n), 0, -0x80000000)
    expect(nonzeroWords(ram, gpa(BASE + 0x1000n), 0x3000)).toEqual({ '0x8': '0102030400000080', '0x2ff8': '0000000000000080' })
  })

  it('goes on where one region follows another, and ends in a hole with EFAULT', () => {
    const ram = memory(backing, backing)
    ram.setWord(gpa(BASE + 0x4000n), 1, 0)
    expect(nonzeroWords(ram, gpa(BASE + 0x3000n), 0x2000)).toEqual({ '0x1000': '0100000000000000' })
    expect(() => nonzeroWords(ram, gpa(BASE + 0x7000n), 0x2000)).toThrow('EFAULT')
  })

  it('may begin and end within a word', () => {
    const ram = memory(backing)
    ram.write(gpa(BASE + 0x103n), Uint8Array.of(7, 0, 9))
    expect(nonzeroWords(ram, gpa(BASE + 0x103n), 3)).toEqual({ '0x0': '070009' })
  })
})
