import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { VIRT_ITS } from '../../abi/index.ts'
import { type Gpa, gpa } from '../../memory/index.ts'
import { type ByteSource, blobSource, bytesSource, openSavedMachine, type SavedMachine } from '../index.ts'
import { type RamRecord, type StreamParts, someRegisters, writeStream, xbzrle } from '../testing/stream-writer.ts'

const RAM = 0x4000_0000
const open = (parts: StreamParts): Promise<SavedMachine> => openSavedMachine(bytesSource(writeStream(parts)))
const filled = (value: number) => new Uint8Array(4096).fill(value)
const ram = 'mach-virt.ram'

async function pageOf(machine: SavedMachine, page: number): Promise<Uint8Array> {
  const base = gpa(RAM + page * 4096)
  const memory = machine.memory()
  await machine.load(memory, [{ base, bytes: 4096 }])
  return memory.read(base, 4096)
}

describe('the records of RAM', () => {
  const before = filled(3)
  const after = filled(3)
  after.set([1, 2, 3], 700)
  after.set([9], 4095)
  const sparse = filled(0)
  sparse.set([4, 5, 6, 0, 7], 300)
  it.each<[string, readonly RamRecord[][], Uint8Array]>([
    ['a page', [[{ block: ram, page: 5, contents: before }]], before],
    ['a page filled with one value', [[{ block: ram, page: 5, fill: 7 }]], filled(7)],
    ['a zero page', [[{ block: ram, page: 5, fill: 0 }]], filled(0)],
    [
      'the last of several records',
      [
        [
          { block: ram, page: 5, contents: before },
          { page: 5, fill: 7 },
        ],
      ],
      filled(7),
    ],
    [
      'a page that was zero before',
      [
        [
          { block: ram, page: 5, fill: 0 },
          { page: 5, contents: before },
        ],
      ],
      before,
    ],
    [
      'a record that goes on in the block of an earlier section',
      [[{ block: ram, page: 0, fill: 0 }], [{ page: 5, contents: before }]],
      before,
    ],
    [
      'a difference to the page before',
      [[{ block: ram, page: 5, contents: before }], [{ page: 5, xbzrle: xbzrle(before, after) }]],
      after,
    ],
    [
      'differences one upon the other, over a filled page',
      [
        [{ block: ram, page: 5, fill: 3 }],
        [
          { page: 5, xbzrle: xbzrle(before, after) },
          { page: 5, xbzrle: xbzrle(after, before) },
          { page: 5, xbzrle: xbzrle(before, after) },
        ],
      ],
      after,
    ],
    ['a difference to a page never sent', [[{ block: ram, page: 5, xbzrle: xbzrle(filled(0), sparse) }]], sparse],
    ['a compressed page', [[{ block: ram, page: 5, zlib: deflateSync(after) }]], after],
    [
      'a difference to a compressed page',
      [
        [
          { block: ram, page: 5, zlib: deflateSync(before) },
          { page: 5, xbzrle: xbzrle(before, after) },
        ],
      ],
      after,
    ],
    ['a page among records without contents', [['hook', { block: ram, page: 5, contents: before }, 'multifd flush']], before],
  ])('give %s', async (_, sections, expected) => {
    const machine = await open({ sections: sections.map((records) => [...records, { page: 6, fill: 0 }]) })
    expect(await pageOf(machine, 5)).toEqual(expected)
  })

  it('rebuild every page as QEMU would, whatever their kinds, blocks and sections', async () => {
    const blocks = [
      { name: 'ram-node1', bytes: 0x4000 },
      { name: 'virt.flash0', bytes: 0x2000 },
      { name: 'ram-node0', bytes: 0x3000 },
    ]
    const change = fc.record({
      block: fc.integer({ min: 0, max: 2 }),
      page: fc.nat(1),
      kind: fc.constantFrom('contents', 'fill', 'xbzrle', 'zlib'),
      value: fc.nat(255),
      at: fc.nat(4095),
      ends: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 30 }), async (changes) => {
        const model = new Map<string, Uint8Array>()
        const sections: RamRecord[][] = [[]]
        let current: string | undefined
        for (const { block, page, kind, value, at, ends } of changes) {
          const { name } = blocks[block]!
          const old = model.get(`${name}:${page}`) ?? filled(0)
          const contents = kind === 'fill' ? filled(value) : old.slice().fill(value, at)
          const named = current === name ? {} : { block: name }
          current = name
          const difference = xbzrle(old, contents)
          // QEMU sends the whole page when the difference would be longer.
          const whole = kind === 'contents' || (kind === 'xbzrle' && difference.length > 4096)
          if (whole) sections.at(-1)!.push({ page, ...named, contents })
          if (kind === 'fill') sections.at(-1)!.push({ page, ...named, fill: value })
          if (kind === 'xbzrle' && !whole) sections.at(-1)!.push({ page, ...named, xbzrle: difference })
          if (kind === 'zlib') sections.at(-1)!.push({ page, ...named, zlib: deflateSync(contents) })
          model.set(`${name}:${page}`, contents)
          if (ends) sections.push([])
        }
        const machine = await open({ blocks, sections })
        const memory = machine.memory()
        await machine.load(memory, machine.ranges)
        const nodes = [
          ['ram-node0', 0],
          ['ram-node1', 0x3000],
        ] as const
        for (const [name, start] of nodes) {
          for (const page of [0, 1]) {
            const expected = model.get(`${name}:${page}`) ?? filled(0)
            expect(Buffer.compare(memory.read((RAM + start + page * 4096) as Gpa, 4096), expected)).toBe(0)
          }
        }
        const missing = machine.missingPages([{ base: gpa(RAM), bytes: 0x2000 }])
        expect(missing).toEqual([0, 1].filter((p) => !model.has(`ram-node0:${p}`)).map((p) => RAM + p * 4096))
      }),
      { numRuns: 40 },
    )
  })
})

describe('a stream', () => {
  it('gives back the registers that were written, for any number of vCPUs and ITSs', async () => {
    const register = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const word = fc.integer({ min: 1, max: 0xffffffff })
    const its = fc.record({
      ctlr: word,
      iidr: word,
      cbaser: register,
      cwriter: register,
      creadr: register,
      baser: fc.array(register, { minLength: 8, maxLength: 8 }),
    })
    const registers = fc.record({
      itses: fc
        .array(its, { minLength: 1, maxLength: 4 })
        .map((all) => all.map((one, n) => ({ ...one, base: n === 0 ? VIRT_ITS : undefined }))),
      redistributors: fc
        .array(fc.record({ ctlr: word, propbaser: register, pendbaser: register }), { minLength: 1, maxLength: 5 })
        .map((cpus) => cpus.map((cpu, vcpuId) => ({ vcpuId, ...cpu }))),
    })
    await fc.assert(
      fc.asyncProperty(registers, async (written) => {
        expect((await open({ registers: written })).registers).toEqual(written)
      }),
      { numRuns: 100 },
    )
  })

  it('may name capabilities, a UUID and one RAM block of any name', async () => {
    const blocks = [
      { name: 'my-memory', bytes: 0x2000 },
      { name: 'virt.flash0', bytes: 0x1000 },
      { name: '/rom@etc/acpi/tables', bytes: 0x1000 },
      { name: '0000:00:04.0/virtio-net-pci.rom', bytes: 0x1000 },
    ]
    const machine = await open({ capabilities: ['auto-converge'], uuid: true, blocks })
    expect([machine.machine, machine.ranges, machine.registers]).toEqual([
      'virt-7.2',
      [{ base: RAM, bytes: 0x2000 }],
      someRegisters,
    ])
  })

  it('may have page sizes and addresses with its blocks, as postcopy and ignore-shared write them', async () => {
    const page = { block: ram, page: 1, contents: filled(9) }
    const blocks = [
      { name: 'hugepages', bytes: 0x400000, pageSize: 0x200000 },
      { name: 'virt.flash0', bytes: 0x1000 },
    ]
    const huge = await open({ blocks, postcopyAdvice: 0x201000, sections: [[{ ...page, block: 'hugepages' }]] })
    expect([huge.ranges[0]!.bytes, await pageOf(huge, 1)]).toEqual([0x400000, filled(9)])
    const last = await open({
      blocks: [...blocks].reverse(),
      postcopyAdvice: 0x201000,
      sections: [[{ ...page, block: 'hugepages' }]],
    })
    expect(await pageOf(last, 1)).toEqual(filled(9))
    const plain = await open({ blocks: [{ name: ram, bytes: 0x2000 }], postcopyAdvice: 0x201000, sections: [[page]] })
    expect(await pageOf(plain, 1)).toEqual(filled(9))
    const shared = await open({ capabilities: ['x-ignore-shared'], blocks: [{ name: ram, bytes: 0x2000, address: RAM }] })
    expect(shared.missingPages(shared.ranges)).toEqual([RAM, RAM + 4096])
  })

  it('may hold sections whose length nothing tells, and things in them that look like an end', async () => {
    const footer = [0x7e, 0, 0, 0, 99]
    const opaque = {
      name: 'dirty-bitmap',
      start: Uint8Array.from([1, 2, ...footer, 9, 9, 9]),
      end: Uint8Array.from([...footer, 4, 0]),
    }
    const machine = await open({ opaque, sections: [[{ block: ram, page: 1, contents: filled(9) }]] })
    expect([await pageOf(machine, 1), machine.registers]).toEqual([filled(9), someRegisters])
  })

  it('may be as long as it likes: records and device states cross the windows it is read in', async () => {
    const pages = 2600
    const blocks = [{ name: ram, bytes: pages * 4096 }]
    const records = Array.from({ length: pages }, (_, page) => ({ block: ram, page, contents: filled(page) }))
    const large = {
      name: 'large',
      description: { fields: [{ name: 'data', type: 'buffer', size: 9 << 20 }] },
      state: new Uint8Array(9 << 20),
    }
    const its = { name: 'after', description: { fields: [] }, state: new Uint8Array(0) }
    const bytes = writeStream({ blocks, sections: [records], devices: [large, its] })
    const seen: number[] = []
    const machine = await openSavedMachine(fileLike(bytes), { progress: (done) => seen.push(done) })
    const memory = machine.memory()
    await machine.load(memory, machine.ranges)
    for (let page = 0; page < pages; page++)
      expect(memory.u32((RAM + page * 4096) as Gpa)).toBe(((page & 0xff) * 0x01010101) >>> 0)
    expect([seen.length > 3, seen.at(-1), seen.every((done, i) => i === 0 || done > seen[i - 1]!)]).toEqual([
      true,
      bytes.length,
      true,
    ])
  })

  it('that shrinks while it is read is refused', async () => {
    const bytes = writeStream({
      sections: [Array.from({ length: 250 }, (_, page) => ({ block: ram, page, contents: filled(1) }))],
    })
    const claimed = 20 << 20
    const source = {
      byteLength: claimed,
      slice: async (start: number, end: number) => bytes.slice(start, Math.min(end, bytes.length)),
    }
    await expect(openSavedMachine(source)).rejects.toThrow('does not shrink')
  })

  it('reads the same from a Blob', async () => {
    const bytes = writeStream({})
    const machine = await openSavedMachine(blobSource(new Blob([bytes as Uint8Array<ArrayBuffer>])))
    expect(machine.registers).toEqual(someRegisters)
  })
})

/** A source that fills the room it is given and answers late, as a file does. */
function fileLike(bytes: Uint8Array): ByteSource {
  return {
    byteLength: bytes.length,
    slice: async (start, end, scratch) => {
      await new Promise((resolve) => setImmediate(resolve))
      const room = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
      room.set(bytes.subarray(start, end))
      return room
    },
  }
}
