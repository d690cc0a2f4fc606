import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesSource } from '../index.ts'
import { openFixture, streamFixtures } from '../testing/fixtures.ts'
import { Bytes } from '../testing/stream-writer.ts'
import { type VirtioParts, virtioBytes } from '../testing/virtio-writer.ts'
import type { DeviceSection } from './device-sections.ts'
import { RequesterIds } from './requester-id.ts'
import { virtioDevices } from './virtio-devices.ts'

/** The states lie this far in the file. */
const OFFSET = 0x100
const NAME = '0000:00:02.0/virtio-blk'
const RAM = 0x4000_0000
const PACKED = (1n << 34n) | (1n << 32n)

/** The one device of a stream in which this is its state. */
async function read(state: Uint8Array, { name = NAME } = {}) {
  const field = { name: 'virtio', type: 'virtio', bytes: state.length, count: 1, struct: undefined }
  const section: DeviceSection = {
    device: { name, instance: 0, fields: [field], subsections: [] },
    offset: OFFSET,
    bytes: state.length,
  }
  const file = new Bytes().raw(new Uint8Array(OFFSET)).raw(state).done()
  return virtioDevices(bytesSource(file), [section], new RequesterIds([]))
}
const device = async (parts: VirtioParts) => (await read(virtioBytes(parts)))[0]!

const ring = { desc: RAM, avail: RAM + 0x1000, used: RAM + 0x2000 }
const places = ({ desc, avail, used }: typeof ring) => ({ kind: 'ram', desc, avail, used })

describe('the virtio devices of real VMs', () => {
  const shown = async (name: (typeof streamFixtures)[number]) =>
    (await openFixture(name)).virtio.map(({ name: path, kind, status, features, configVector, queues }) => [
      `${path} ${kind} ${status} ${features.toString(16)} ${configVector ?? '-'}`,
      queues.map(({ size, vector, place, nextAvail }) => `${size}/${vector ?? '-'}/${place.kind}/${nextAvail}`).join(' '),
    ])

  it('have their queues, of QEMU 7.2', async () => {
    expect(await shown('healthy')).toEqual([
      ['0000:00:04.0/virtio-net net 15 10130ef8024 0', '256/1/ram/1 256/2/ram/7 64/-/ram/7'],
      ['0000:00:01.0:00.0/virtio-net net 15 10130af8024 0', '256/1/ram/1 256/2/ram/7 64/-/ram/9'],
      ['0000:00:05.0/virtio-blk blk 15 10130007e54 0', '256/1/ram/17 256/2/ram/32'],
      ['0000:00:06.0/virtio-scsi scsi 15 10130000006 0', '256/1/ram/0 256/2/ram/0 256/3/ram/262 256/4/ram/76'],
      ['0000:00:07.0/virtio-rng rng 15 10130000000 0', '8/1/ram/9'],
      ['0000:00:08.0/virtio-balloon balloon 15 10120000012 -', '128/-/ram/0 128/-/ram/0 128/-/ram/1'],
      ['0000:00:02.0:00.0/virtio-blk blk 15 10130007e54 0', '256/1/ram/17 256/2/ram/32 256/-/unset/0 256/-/unset/0'],
    ])
  })

  it('have their queues, of QEMU 11.1 with a driver that is gone and rings behind an SMMU', async () => {
    const devices = await shown('smmu-s3')
    expect(devices[2]).toEqual(['0000:00:05.0/virtio-blk blk 1 0 -', '256/-/unset/0 256/-/unset/0'])
    expect(devices[4]).toEqual(['0000:00:07.0/virtio-rng rng 15 10330000000 0', '8/1/ram/10'])
  })

  it.each(streamFixtures)('are all read, and their queues lie in RAM or are not set up: %s', async (name) => {
    const { virtio, ranges } = await openFixture(name)
    expect(virtio.length).toBeGreaterThan(0)
    const inRam = (at: number) => ranges.some(({ base, bytes }) => at >= base && at < base + bytes)
    for (const { unread, kind, queues } of virtio) {
      expect([unread, kind !== undefined, queues.length > 0]).toEqual([undefined, true, true])
      for (const { place } of queues) {
        if (place.kind !== 'ram') continue
        const pages = place.pages?.map(({ output }) => output) ?? [place.desc, place.avail, place.used]
        expect(pages.every(inRam)).toBe(true)
      }
    }
  })

  it('have the byte of the file at which each queue was read', async () => {
    const { virtio } = await openFixture('healthy')
    const [first, second] = virtio[2]!.queues
    expect([virtio[2]!.offset, first!.offset, second!.offset]).toEqual([694613, 695013, 695029])
  })
})

describe('the state of a virtio device', () => {
  it('has features, vectors and rings', async () => {
    const features = (1n << 29n) | (1n << 32n)
    const queues = [{ ...ring, size: 8, nextAvail: 0xffff, vector: 1 }, { size: 4 }]
    expect(await device({ vectors: 9, configVector: 0, features, configBytes: 60, queues, own: new Uint8Array(77) })).toEqual({
      name: NAME,
      deviceId: 16,
      kind: 'blk',
      status: 15,
      features,
      configVector: 0,
      queues: [
        { index: 0, size: 8, vector: 1, place: places(ring), nextAvail: 0xffff, offset: OFFSET + 276 + 146 + 2 + 12 + 60 + 4 },
        { index: 1, size: 4, vector: undefined, place: { kind: 'unset' }, nextAvail: 0, offset: OFFSET + 516 },
      ],
      offset: OFFSET,
    })
  })

  it('has positions and wrap counters where the driver took packed rings', async () => {
    const packed = [
      [5, 0],
      [3, 1],
    ] as const
    const [queue] = (await device({ features: PACKED, ending: 'packed', queues: [{ ...ring, packed }] })).queues
    expect(queue!.packed).toEqual({ avail: { index: 5, wrap: false }, used: { index: 3, wrap: true } })
    const [split] = (await device({ ending: 'packed', queues: [{ ...ring, packed }] })).queues
    expect(split!.packed).toBeUndefined()
  })

  it('tells where a ring of before virtio 1.0 has its parts, which is one piece', async () => {
    const { kind, features, queues } = await device({
      pciDevice: 0x1000,
      subsystem: 1,
      features: 0xffff_ffffn,
      ending: 'legacy',
      queues: [{ size: 256, desc: RAM }],
    })
    const place = { kind: 'ram', desc: RAM, avail: RAM + 0x1000, used: RAM + 0x2000 }
    expect([kind, features, queues[0]!.place]).toEqual(['net', 0xffff_ffffn, place])
  })

  it.each([
    ['with descriptors beyond all memory', { queues: [{ ...ring, desc: 2n ** 52n }] }, 'elsewhere'],
    ['with the last descriptor address that there is', { queues: [{ ...ring, desc: 2n ** 52n - 1n }] }, 'ram'],
    ['with another part beyond all memory', { queues: [{ ...ring, used: 2n ** 63n }] }, 'elsewhere'],
  ] as const)('has the ring of a device %s', async (_, parts, kind) => {
    expect((await device(parts)).queues[0]!.place.kind).toBe(kind)
  })

  it.each([
    ['a type of its own', 0x1049, 0, '9p'],
    ['a type that is not known', 0x1040 + 63, 2, undefined],
    ['the type as subsystem', 0x1005, 4, 'rng'],
    ['a device id behind all types', 0x1080, 2, 'blk'],
  ])('is of a kind by its PCI ids: %s', async (_, pciDevice, subsystem, kind) => {
    expect((await device({ pciDevice, subsystem })).kind).toBe(kind)
  })

  it('is no virtio device of the PCI bus under another name', async () => {
    expect(await read(virtioBytes(), { name: 'virtio-mmio@0a003e00/virtio-console' })).toEqual([])
  })
})

describe('a state that lies', () => {
  const known = new Bytes().u8(5).name('virtio/started').u32(1).u8(1).done()

  it.each([
    ['more queues than there are', { queueCount: 1025 }, 'at most 1024 queues'],
    ['more queues than it holds', { queueCount: 1024, ending: known }, 'bytes in the state'],
    ['a ring larger than one can be', { queues: [{ size: 32769 }] }, 'at most 32768 descriptors'],
    ['an ending that is not known', { ending: new Uint8Array(40) }, 'what its state ends with is not known'],
    ['packed rings without their positions', { features: PACKED }, 'what its state ends with is not known'],
    ['a device that its model gave up', { ending: 'broken' }, 'found it broken'],
  ] as const)('is not read, and the stream is: %s', async (_, parts, why) => {
    expect(await device(parts)).toMatchObject({ name: NAME, deviceId: 16, queues: [], unread: expect.stringContaining(why) })
  })

  it('of configuration without end is not read', async () => {
    const state = virtioBytes()
    new DataView(state.buffer).setUint32(276 + 8, 0x1_0001)
    expect((await read(state))[0]).toMatchObject({ unread: expect.stringContaining('at most 65536 bytes of configuration') })
  })

  it('does not pass for its own ending what the guest wrote before it', async () => {
    const own = new Bytes().u8(5).name('virtio/64bit_features').u32(1).u64(0).u8(5).name('virtio/started').u32(1).u8(0).done()
    const features = (1n << 29n) | (1n << 32n)
    const { features: read, queues } = await device({ own, features, queues: [ring] })
    expect([read, queues[0]!.place]).toEqual([features, places(ring)])
  })

  it('is read or not at every length, without an error', async () => {
    const state = virtioBytes({ vectors: 3, configBytes: 12, queues: [ring, ring], own: new Uint8Array(9) })
    const end = state.length
    const lengths = [...Array.from({ length: 600 }, (_, n) => n), ...Array.from({ length: 400 }, (_, n) => end - n), 16875, 20000]
    for (const length of lengths) {
      const [one] = await read(state.slice(0, length))
      expect(one?.unread === undefined, `${length} of ${end} bytes`).toBe(length === end || isCutBehindPart(end - length))
    }
  })

  /** Behind `virtio/started`, or behind the part before it, the state is one that ends there. */
  const isCutBehindPart = (missing: number): boolean => [21, 21 + 28717, 21 + 28717 + 24].includes(missing)

  it('never brings more than a device that is read or not', async () => {
    const state = virtioBytes({ vectors: 2, queues: [ring] })
    const change = fc.tuple(fc.nat(400), fc.nat(255))
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 8 }), async (changes) => {
        const spoilt = state.slice()
        for (const [at, value] of changes) spoilt[at] = value
        const devices = await read(spoilt)
        for (const { queues } of devices) expect(queues.length).toBeLessThanOrEqual(1024)
      }),
    )
  })
})
