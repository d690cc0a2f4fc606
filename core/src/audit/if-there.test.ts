import { expect, it } from 'vitest'
import { GuestMemory, gpa, LoadableMemory } from '../memory/index.ts'
import { ifThere } from './if-there.ts'

const range = { base: gpa(0x4000_0000), bytes: 0x1000 }

it('what cannot be read of guest RAM is not there, and any other error is one', () => {
  expect(ifThere(() => new GuestMemory([range]).u32(gpa(0x4000_0000)))).toBe(0)
  expect(ifThere(() => new GuestMemory([range]).u32(gpa(0x5000_0000)))).toBeUndefined()
  expect(ifThere(() => new LoadableMemory([range]).u32(gpa(0x4000_0000)))).toBeUndefined()
  expect(() =>
    ifThere(() => {
      throw new TypeError('a mistake')
    }),
  ).toThrow('a mistake')
})
