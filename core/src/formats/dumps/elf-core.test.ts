import { describe, expect, it } from 'vitest'
import type { Gpa } from '../../memory/index.ts'
import { bytesSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { applyEdits, type OpenOptions, openSavedMachine } from '../index.ts'
import { type DumpedGuest, writeElfDump } from '../testing/dump-writer.ts'
import { fixtureBytes } from '../testing/fixtures.ts'
import { joinedBytes } from '../testing/packed-files.ts'
import { someRegisters } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000 as Gpa
const page = (fill: number) => new Uint8Array(4096).fill(fill)
const guest: DumpedGuest = {
  ranges: [
    { base: 0x90a_0000 as Gpa, bytes: 4096 },
    { base: RAM, bytes: 3 * 4096 },
  ],
  vcpus: 3,
  read: (at, bytes) => joinedBytes(...Array.from({ length: bytes / 4096 }, (_, n) => page((at - RAM) / 4096 + n + 1))),
}
const found: OpenOptions = { findRegisters: async () => someRegisters }
const open = (file: Uint8Array, options = found) => openSavedMachine(bytesSource(file), options)

describe('an ELF dump', () => {
  it.each([{}, { manySegments: true }])('has the RAM of the machine, by its addresses: %o', async (options) => {
    const machine = await open(writeElfDump(guest, options))
    expect(machine).toMatchObject({ format: 'QEMU ELF dump', ranges: guest.ranges, registers: someRegisters })
    expect(machine).toMatchObject({ msi: [], virtio: [], vcpus: [], writeBack: { to: 'files' } })
    const memory = machine.memory()
    await machine.load(memory, [{ base: (RAM + 4096) as Gpa, bytes: 8192 }])
    expect([memory.isLoaded(RAM), memory.u8((RAM + 4096) as Gpa), memory.u8((RAM + 8192) as Gpa)]).toEqual([false, 2, 3])
    expect(machine.missingPages(machine.ranges)).toEqual([])
  })

  it('tells who looks for the registers how many vCPUs there are', async () => {
    const told: (number | undefined)[] = []
    const findRegisters: OpenOptions['findRegisters'] = async ({ vcpus }) => {
      told.push(vcpus)
      return someRegisters
    }
    await open(writeElfDump(guest), { findRegisters })
    await open(fixtureBytes('healthy.elf'), { findRegisters })
    expect(told).toEqual([3, 2])
  })

  it('is refused where nobody looks for the registers', async () => {
    await expect(open(writeElfDump(guest), {})).rejects.toThrow('expected a saved VM with registers, found a dump')
  })

  it('is changed in place, word by word', async () => {
    const file = writeElfDump(guest)
    const machine = await open(file)
    const changed = page(2)
    changed[0x123] = 0xff
    const [edits] = await machine.edits(new Map([[(RAM + 4096) as Gpa, changed]]))
    expect(edits!.edits.map(({ remove, insert }) => [remove, insert.length])).toEqual([[8, 8]])
    const pieces: Uint8Array[] = []
    for await (const piece of applyEdits(bytesSource(file), edits!.edits)) pieces.push(piece.slice())
    const again = await open(joinedBytes(...pieces))
    const memory = again.memory()
    await again.load(memory, again.ranges)
    expect(Buffer.compare(memory.read((RAM + 4096) as Gpa, 4096), changed)).toBe(0)
  })

  it('says which pages were left out', async () => {
    const machine = await open(writeElfDump(guest, { leftOut: 8192 }))
    expect(machine.ranges).toEqual(guest.ranges)
    expect(machine.missingPages(machine.ranges)).toEqual([0x90a_0000, RAM + 4096, RAM + 8192])
  })

  const small = writeElfDump({ ...guest, ranges: [{ base: RAM, bytes: 4096 }], vcpus: 1 })

  it('is refused wherever it is cut', async () => {
    for (let end = 0; end < small.length; end += end < 640 ? 1 : 509) {
      await expect(open(small.subarray(0, end))).rejects.toThrow(FormatError)
    }
  })

  const word = (at: number, bytes: 1 | 2 | 4 | 8, value: number | bigint) => {
    const file = small.slice()
    const view = new DataView(file.buffer)
    if (bytes === 8) view.setBigUint64(at, BigInt(value), true)
    else if (bytes === 4) view.setUint32(at, Number(value), true)
    else if (bytes === 2) view.setUint16(at, Number(value), true)
    else view.setUint8(at, Number(value))
    return file
  }
  const segment = 64 + 56
  it.each([
    ['of 32 bits', word(4, 1, 1), 'at byte 0x4: expected an ELF file of 64 bits, found 1'],
    ['of big-endian words', word(5, 1, 2), 'at byte 0x5: expected a little-endian ELF file, found 2'],
    ['that is a program', word(16, 2, 2), 'at byte 0x10: expected a core file (ET_CORE), found 2'],
    ['of another machine', word(18, 2, 62), 'at byte 0x12: expected one of an arm64 machine (EM_AARCH64), found 62'],
    ['with other program headers', word(54, 2, 32), 'at byte 0x36: expected program headers of 56 bytes, found 32'],
    ['without segments', word(56, 2, 0), 'at byte 0x38: expected 1 to 131072 segments, found 0'],
    ['with more segments than it has', word(56, 2, 500), 'at byte 0x20: expected program headers inside the file, found 500'],
    ['whose count is nowhere', word(56, 2, 0xffff), 'at byte 0x28: expected a section header inside the file, found one at 0x0'],
    ['whose headers are elsewhere', word(32, 8, 2n ** 63n), 'at byte 0x20: expected program headers inside the file'],
    [
      'with a segment elsewhere',
      word(segment + 8, 8, 1n << 40n),
      `at byte 0x${(segment + 8).toString(16)}: expected a segment inside the file`,
    ],
    [
      'with a segment over its headers',
      word(segment + 8, 8, 8),
      `at byte 0x${(segment + 8).toString(16)}: expected a segment apart from the headers, found 4096 bytes at 0x8`,
    ],
    [
      'with a segment that is longer than it is',
      word(segment + 40, 8, 4095),
      'expected at most 4095 bytes of a segment, found 4096',
    ],
    ['with half a page', word(segment + 32, 8, 2048), 'expected whole pages of each segment, found 2048 bytes'],
    ['with RAM that begins in a page', word(segment + 24, 8, RAM + 8), 'expected whole pages of RAM below 2^52'],
    ['with RAM beyond all addresses', word(segment + 24, 8, 2n ** 63n), 'expected whole pages of RAM below 2^52'],
    ['without RAM', word(segment, 4, 6), 'expected guest RAM, found 0 bytes of it'],
  ])('%s is refused', async (_, file, message) => {
    await expect(open(file)).rejects.toThrow(message)
  })

  it('of RAM in more pieces than any machine has is refused', async () => {
    const count = 2 ** 16 + 2
    const file = new Uint8Array(128 + count * 56)
    file.set(small.subarray(0, 64))
    const view = new DataView(file.buffer)
    view.setBigUint64(32, 128n, true)
    view.setBigUint64(40, 64n, true)
    view.setUint16(56, 0xffff, true)
    view.setUint32(64 + 44, count, true)
    for (let n = 0; n < count; n++) {
      const at = 128 + n * 56
      view.setUint32(at, 1, true)
      view.setBigUint64(at + 24, BigInt(n * 8192), true)
      view.setBigUint64(at + 40, 4096n, true)
    }
    await expect(open(file)).rejects.toThrow('at byte 0x80: expected RAM in at most 65536 pieces, found 65538')
  })

  it('of two segments at one place is refused', async () => {
    const twice = { ...guest, ranges: [guest.ranges[1]!, { base: (RAM + 4096) as Gpa, bytes: 4096 }] }
    await expect(open(writeElfDump(twice))).rejects.toThrow(
      'expected RAM blocks apart from each other, found "segment 1" in another one',
    )
  })
})
