import { describe, expect, it } from 'vitest'
import { profileIds } from '../abi/index.ts'
import { streamFixtures } from '../formats/testing/fixtures.ts'
import { type Gpa, GuestMemory, gpa, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { digest } from '../memory/testing/digest.ts'
import { audit, judgeKernels, setScene } from './index.ts'
import { auditFixture } from './testing/audit-fixture.ts'

const base = gpa(0x4000_0000)
const UNTOUCHED = (base + 0x8000) as Gpa

function vm(): GuestMemory {
  const memory = new GuestMemory([{ base, bytes: 0x10000, backing: 'sparse' }])
  memory.setU32(base, 1)
  memory.clearDirty()
  return memory
}

function untouched(memory: ReadonlyMemory) {
  const cursor = memory.cursor()
  cursor.seek(UNTOUCHED)
  return cursor
}

/** What an audit might try on the memory it looks at. The compiler refuses each; what would happen at run time is tested. */
const attempts: Readonly<Record<string, (memory: ReadonlyMemory) => unknown>> = {
  // @ts-expect-error an audit has no accessor that writes
  setU8: (memory) => memory.setU8(UNTOUCHED, 0xad),
  // @ts-expect-error
  setU32: (memory) => memory.setU32(UNTOUCHED, 0xdead),
  // @ts-expect-error
  setWord: (memory) => memory.setWord(UNTOUCHED, 0xdead, 0xdead),
  // @ts-expect-error
  write: (memory) => memory.write(UNTOUCHED, new Uint8Array([1])),
  // @ts-expect-error
  fill: (memory) => memory.fill(UNTOUCHED, PAGE_BYTES, 1),
  // @ts-expect-error
  writeCursor: (memory) => memory.writeCursor().seekForWrite(UNTOUCHED),
  // @ts-expect-error
  clearDirty: (memory) => memory.clearDirty(),
  // @ts-expect-error an audit brings nothing from a file
  load: (memory) => memory.load(UNTOUCHED, new Uint8Array(PAGE_BYTES).fill(1)),
  // @ts-expect-error
  loadZeros: (memory) => memory.loadZeros(UNTOUCHED),
  // @ts-expect-error an audit sees no region
  region: (memory) => memory.region(UNTOUCHED).words.fill(1),
  // @ts-expect-error
  removeRegion: (memory) => memory.removeRegion(base),
  'words[index]': (memory) => {
    const { words, index } = untouched(memory)
    // @ts-expect-error the words at a cursor can be read only
    words[index] = 0xdead
  },
  // @ts-expect-error
  'words.fill': (memory) => untouched(memory).words.fill(0xdead),
  // @ts-expect-error
  'words.set': (memory) => untouched(memory).words.set([0xdead], 0),
  // @ts-expect-error
  'words.subarray': (memory) => untouched(memory).words.subarray(0, 1).fill(0xdead),
  // @ts-expect-error
  'words.buffer': (memory) => new Uint8Array(untouched(memory).words.buffer).fill(1),
  // @ts-expect-error
  doubles: (memory) => untouched(memory).doubles.fill(1),
  // @ts-expect-error a cursor that reads cannot be made to write
  seekForWrite: (memory) => untouched(memory).seekForWrite(UNTOUCHED),
  index: (memory) => {
    // @ts-expect-error
    untouched(memory).index++
  },
}

describe('memory to look at', () => {
  it.each(Object.entries(attempts))('forced to, %s spoils no other VM', (_name, force) => {
    const other = vm()
    try {
      force(vm())
    } catch (error) {
      // What is not there at run time either.
      expect(error).toBeInstanceOf(TypeError)
    }
    for (const memory of [other, vm()]) {
      expect(memory.dirtyPages()).toEqual([])
      expect(digest(memory)).toBe(digest(vm()))
      expect(memory.read(UNTOUCHED, PAGE_BYTES).every((byte) => byte === 0)).toBe(true)
    }
  })

  it('hands out copies where it hands out bytes, and forks that keep their writes', () => {
    const memory = vm()
    const before = digest(memory)
    memory.read(UNTOUCHED, PAGE_BYTES).fill(7)
    untouched(memory).words.slice(0, 8).fill(7)
    memory.fork([UNTOUCHED]).fill(UNTOUCHED, PAGE_BYTES, 7)
    expect(digest(memory)).toBe(before)
    memory.setU8(UNTOUCHED, 1)
    expect(digest(memory)).not.toBe(before)
  })
})

describe('an audit', () => {
  it.each(streamFixtures)('leaves every byte of %s as it is, under every kernel', async (name) => {
    const input = await auditFixture(name)
    const before = digest(input.memory)
    const scene = setScene(input)
    judgeKernels([scene], profileIds)
    audit(scene)
    expect(digest(input.memory)).toBe(before)
  })
})
