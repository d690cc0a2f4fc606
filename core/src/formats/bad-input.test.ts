import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError, openSavedMachine, type SavedMachine } from './index.ts'
import { fixtureBytes, fixtureFile } from './testing/fixtures.ts'
import { Bytes, ramEnd, type StreamParts, someRegisters, writeStream } from './testing/stream-writer.ts'

/** Opens and reads all of RAM; anything but success or a FormatError inside the file is thrown on. */
async function attemptOpen(bytes: Uint8Array): Promise<SavedMachine | FormatError> {
  try {
    const machine = await openSavedMachine(bytesSource(bytes))
    await machine.load(machine.memory(), machine.ranges)
    return machine
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    if (!(error.offset >= 0 && error.offset <= bytes.length)) throw new Error(`offset ${error.offset} is not in the file`)
    return error
  }
}

const page = new Uint8Array(4096).fill(0x55)
const compact: StreamParts = {
  blocks: [{ name: 'mach-virt.ram', bytes: 0x8000 }],
  capabilities: ['auto-converge'],
  uuid: true,
  postcopyAdvice: 0x1000,
  opaque: { name: 'dirty-bitmap', start: Uint8Array.of(1, 0x7e), end: Uint8Array.of(2) },
  sections: [
    [{ block: 'mach-virt.ram', page: 0, fill: 0 }, 'hook', { page: 1, xbzrle: Uint8Array.of(5, 1, 7) }],
    [
      { page: 2, contents: page.subarray(0, 4096) },
      { page: 1, fill: 3 },
    ],
  ],
}

const severalItses = (count: number) => ({ ...someRegisters, itses: new Array(count).fill(someRegisters.itses[0]) })

const mapped: StreamParts = {
  blocks: [
    { name: 'mach-virt.ram', bytes: 0x3000 },
    { name: 'virt.flash0', bytes: 0x1000 },
  ],
  mapped: { 'mach-virt.ram': new Map([[1, page]]) },
}

describe('a file that ends too early', () => {
  it.each([
    ['stream with every kind of section', compact],
    ['mapped-ram file', mapped],
  ])('is refused at every length of a %s', async (_, parts) => {
    const whole = writeStream(parts)
    expect(await attemptOpen(whole)).not.toBeInstanceOf(FormatError)
    for (let length = 0; length < whole.length; length++) {
      expect(await attemptOpen(whole.subarray(0, length)), `${length} bytes`).toBeInstanceOf(FormatError)
    }
  })

  it('is refused at any length of a real stream', async () => {
    const whole = fixtureBytes('numa.mig')
    const start = whole.length - 30_000
    for (let length = 0; length < whole.length; length += length < 500 ? 1 : length < start ? 20011 : 211) {
      expect(await attemptOpen(whole.subarray(0, length)), `${length} bytes`).toBeInstanceOf(FormatError)
    }
  })
})

/** With one byte changed in the middle, which the decoder or the checksum tells. */
function damaged(bytes: Uint8Array): Uint8Array {
  const other = bytes.slice()
  other[other.length >> 1]! ^= 0x10
  return other
}

describe('a file that is no saved VM', () => {
  it('is told from one that is: a good one opens', async () => {
    expect(await attemptOpen(gzipSync(writeStream(compact)))).not.toBeInstanceOf(FormatError)
    expect(await attemptOpen(readFileSync(fixtureFile('numa.mig.zst')))).not.toBeInstanceOf(FormatError)
  })

  it.each([
    ['empty', new Uint8Array(0), 'expected a saved VM'],
    ['text', new TextEncoder().encode('hello, world\n'), 'expected a saved VM'],
    ['an ELF dump', new TextEncoder().encode('\x7fELF and so on'), 'the header of an ELF file'],
    ['text after the magic', new TextEncoder().encode('QEVMhello, world\n'), 'version 3'],
    ['damaged zstd', Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 2, 4, 4, 4, 4), 'the contents of a zstd block'],
    ['damaged gzip', damaged(gzipSync(writeStream(compact))), 'gzip'],
  ])('is refused: %s', async (_, bytes, message) => {
    const result = await attemptOpen(bytes)
    expect(result).toBeInstanceOf(FormatError)
    expect(String(result)).toContain(message)
  })

  it('is refused, whatever its bytes, with and without the start of a stream', async () => {
    const start = writeStream(compact)
    const bytes = fc.uint8Array({ maxLength: 600 })
    await fc.assert(
      fc.asyncProperty(bytes, fc.nat(start.length), async (noise, kept) => {
        expect(await attemptOpen(noise)).toBeInstanceOf(FormatError)
        const mixed = new Uint8Array(kept + noise.length)
        mixed.set(start.subarray(0, kept))
        mixed.set(noise, kept)
        await attemptOpen(mixed)
      }),
      { numRuns: 800 },
    )
  })

  it.each([
    ['stream', compact],
    ['mapped-ram file', mapped],
  ])('is opened or refused, but nothing else, when bytes of a good %s are changed', async (_, parts) => {
    const whole = writeStream(parts)
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const changed = whole.slice()
        for (const [at, value] of list) changed[at] = value
        await attemptOpen(changed)
      }),
      { numRuns: 1500 },
    )
  })
})

describe('a length that lies', () => {
  const block = { name: 'mach-virt.ram', bytes: 0x8000 }
  const gib = 2 ** 30
  it.each<[string, StreamParts, string]>([
    [
      'a page beyond its block',
      { blocks: [block], sections: [[{ block: block.name, page: 8, fill: 0 }]] },
      'the length of mach-virt.ram',
    ],
    ['RAM of 2 TiB in a small file', { blocks: [{ name: block.name, bytes: 2048 * gib }] }, 'records for 2048 GiB'],
    ['more RAM than any machine has', { blocks: [{ name: block.name, bytes: 2 ** 52 }] }, 'at most 16 TiB'],
    ['two blocks of one name', { blocks: [block, block] }, 'a new name'],
    ['no RAM', { blocks: [{ name: 'virt.flash0', bytes: 0x1000 }] }, 'mach-virt.ram'],
    ['a record of an unknown block', { sections: [[{ block: 'pc.ram', page: 0, fill: 0 }]] }, 'found "pc.ram"'],
    [
      'a difference longer than a page',
      { sections: [[{ block: block.name, page: 0, xbzrle: new Uint8Array(4097) }]] },
      'at most 4096',
    ],
    [
      'a difference that leaves its page',
      { sections: [[{ block: block.name, page: 0, xbzrle: Uint8Array.of(0xff, 0x1f, 2, 1, 1) }]] },
      'inside its page',
    ],
    [
      'a page that inflates to rubbish',
      { sections: [[{ block: block.name, page: 0, zlib: new Uint8Array(9) }]] },
      'compressed with zlib',
    ],
    ['a machine that is not arm64 virt', { machine: 'pc-q35-7.2' }, 'machine "pc-q35-7.2"'],
    ['no ITS', { registers: { ...someRegisters, itses: [] } }, 'arm_gicv3_its'],
    ['an ITS 7 without an ITS 0', { itsInstances: [7] }, 'expected instance 0 of arm_gicv3_its, found instance 7'],
    [
      'two ITSes of one number',
      { registers: severalItses(2), itsInstances: [0, 0] },
      'expected instance 1 of arm_gicv3_its, found instance 0',
    ],
    ['more ITSes than any machine has', { registers: severalItses(257) }, 'at most 256 ITSes'],
  ])('is refused: %s', async (_, parts, message) => {
    const result = await attemptOpen(writeStream(parts))
    expect(result).toBeInstanceOf(FormatError)
    expect(String(result)).toContain(message)
  })

  it.each([
    ['a field of 4 GiB', { fields: [{ name: 'a', size: 4294967295 }] }, 'the state of evil'],
    ['a negative size', { fields: [{ name: 'a', size: -4 }] }, 'a count'],
    [
      'endless empty structures',
      { fields: [{ name: 'a', size: 0, array_len: 4294967295, struct: { fields: [] } }] },
      'at most 4096 of a',
    ],
    ['a few empty structures', { fields: [{ name: 'a', size: 0, array_len: 4, struct: { fields: [] } }] }, undefined],
  ])('is refused or ignored in the device description: %s', async (_, description, message) => {
    const result = await attemptOpen(writeStream({ devices: [{ name: 'evil', description, state: new Uint8Array(0) }] }))
    if (message === undefined) expect(result).not.toBeInstanceOf(FormatError)
    else expect(String(result)).toContain(message)
  })

  it.each([
    ['a description that is no object', '[]', 'the device description (JSON)'],
    ['devices that are no list', '{"page_size":4096,"devices":7}', 'an array in the device description, found 7'],
    ['other pages', '{"page_size":65536,"devices":[]}', 'found 65536'],
    ['lists a hundred thousand deep', `{"devices":${'['.repeat(1e5)}${']'.repeat(1e5)}}`, '"page_size" 4096'],
    [
      'structures forty deep',
      `{"page_size":4096,"devices":[{"name":"a","instance_id":0,${'"fields":[{"name":"f","size":0,"struct":{'.repeat(40)}${'}}]'.repeat(40)}}]}`,
      'deep',
    ],
  ])('is refused in a device description: %s', async (_, json, message) => {
    const stream = writeStream()
    const at = Buffer.from(stream).lastIndexOf('{"page_size"') - 4
    const bytes = new Bytes().raw(stream.subarray(0, at)).u32(json.length).text(json).done()
    expect(String(await attemptOpen(bytes))).toContain(message)
  })

  it('does not stop the description from being found behind things that look like one', async () => {
    const decoy = new Bytes()
    for (let i = 0; i < 2000; i++) decoy.u8(0).u8(6).u32(i).text('{}')
    const state = decoy.done()
    const description = { fields: [{ name: 'data', type: 'buffer', size: state.length }] }
    expect(await attemptOpen(writeStream({ devices: [{ name: 'decoy', description, state }] }))).not.toBeInstanceOf(FormatError)
  })

  it('and a name that would steer a terminal never reach it', async () => {
    for (const parts of [
      { machine: 'virt\u001b[2J' },
      { blocks: [{ name: 'mach-virt.ram\u009b', bytes: 0x1000 }] },
      { sections: [[{ block: '\u001b]0;x\u0007', page: 0, fill: 0 }]] },
    ]) {
      const result = await attemptOpen(writeStream(parts))
      expect(result).toBeInstanceOf(FormatError)
      expect(String(result)).toMatch(/^[ -~]+$/)
    }
  })

  it('cannot make the index larger than twice the file and 128 MiB', async () => {
    // 80 GiB in a file as short as it may be; no 4096 pages have records in an order that can be kept in less than an array.
    const [pages, leaves, each] = [80 * 2 ** 18, 5120, 10]
    const records = new Uint8Array(leaves * each * 9)
    const view = new DataView(records.buffer)
    for (let record = 0; record < leaves * each; record++) {
      const page = Math.floor(record / each) * 4096 + (each - 1 - (record % each)) * 3
      view.setUint32(record * 9, Math.floor(page / 2 ** 20))
      view.setUint32(record * 9 + 4, (page % 2 ** 20) * 4096 + 0x22)
    }
    const sections = [[{ block: 'mach-virt.ram', page: 0, fill: 0 }]]
    const stream = writeStream({ blocks: [{ name: 'mach-virt.ram', bytes: pages * 4096 }], sections })
    const end = ramEnd(stream)
    const evil = Buffer.concat([stream.subarray(0, end), records, stream.subarray(end), new Uint8Array((pages / 16) * 9)])
    await expect(openSavedMachine(bytesSource(new Uint8Array(evil)))).rejects.toThrow('so few in so much RAM')
  })
})
