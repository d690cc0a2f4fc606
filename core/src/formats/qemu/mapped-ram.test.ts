import { describe, expect, it } from 'vitest'
import { gpa } from '../../memory/index.ts'
import { type ByteSource, bytesSource, FormatError, openSavedMachine } from '../index.ts'
import { fixtureBytes, fixtureText, openFixture } from '../testing/fixtures.ts'
import { type StreamParts, writeStream } from '../testing/stream-writer.ts'

const RAM = gpa(0x4000_0000)
const page = new Uint8Array(4096).fill(0x77)
const parts: StreamParts = {
  blocks: [
    { name: 'virt.flash0', bytes: 0x2000 },
    { name: 'mach-virt.ram', bytes: 0x15000 },
  ],
  mapped: { 'virt.flash0': new Map([[0, new Uint8Array(4096).fill(1)]]), 'mach-virt.ram': new Map([[13, page]]) },
}

/** Where a written mapped-ram file has the header of its first block. */
const headerOf = (bytes: Uint8Array) => {
  const name = [...'virt.flash0'].map((character) => character.charCodeAt(0))
  return bytes.findIndex((_, at) => name.every((byte, i) => bytes[at + i] === byte)) + name.length + 8
}

describe('a mapped-ram file', () => {
  it('has the pages whose bit is set, zeros elsewhere, and misses none', async () => {
    const machine = await openSavedMachine(bytesSource(writeStream(parts)))
    const memory = machine.memory()
    await machine.load(memory, machine.ranges)
    const expected = new Uint8Array(0x15000)
    expected.set(page, 13 * 4096)
    expect(memory.read(RAM, 0x15000)).toEqual(expected)
    expect([machine.format, machine.missingPages(machine.ranges)]).toEqual(['QEMU mapped-ram file', []])
  })

  it.each([
    ['another version', 0, [0, 0, 0, 2], 'version 1'],
    ['other pages', 4, [0, 0, 0, 0, 0, 0, 0x40, 0], 'pages of 4096 bytes'],
    ['a bitmap before its header', 12, [0, 0, 0, 0, 0, 0, 0, 1], 'a bitmap between'],
    ['pages before the bitmap', 20, [0, 0, 0, 0, 0, 0, 0, 1], 'a bitmap between'],
    ['pages behind the end', 20, [0, 0, 1, 0, 0, 0, 0, 0], 'the pages of a mapped-ram block'],
  ])('is refused with %s', async (_, at, bytes, message) => {
    const file = writeStream(parts)
    file.set(bytes, headerOf(file) + at)
    const open = openSavedMachine(bytesSource(file))
    await expect(open).rejects.toThrow(FormatError)
    await expect(open).rejects.toThrow(message)
  })

  it('of QEMU 10 holds the device table that the guest allocated', async () => {
    const machine = await openFixture('qemu10-mapped-ram')
    expect(fixtureText('qemu10-mapped-ram.guest-view.txt')).toContain('Devices @429b0000 (indirect')
    expect([machine.machine, machine.ranges]).toEqual(['virt-10.0', [{ base: RAM, bytes: 64 << 20 }]])
    const memory = machine.memory()
    await machine.load(memory, machine.ranges)
    const second = memory.u32(gpa(0x429b0000))
    const live = [16, 24, 32, 48, 56, 64, 256].map((id) => memory.u32(gpa((second & 0xffff0000) + id * 8 + 4)) >>> 31)
    expect(live).toEqual([1, 1, 1, 1, 1, 1, 1])
  })

  it('is opened by less than 1 MB of it: its pages are passed, not read', async () => {
    const file = fixtureBytes('qemu10-mapped-ram.mig')
    let read = 0
    const counting: ByteSource = {
      byteLength: file.length,
      slice: async (start, end) => {
        read += end - start
        return file.subarray(start, end)
      },
    }
    await openSavedMachine(counting)
    expect([file.length > 200e6, read]).toEqual([true, read])
    expect(read).toBeLessThan(1e6)
  })
})
