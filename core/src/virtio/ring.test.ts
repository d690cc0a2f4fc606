import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Gpa, GuestMemory, LoadableMemory } from '../memory/index.ts'
import { readRing, ringWords, VIRTIO_F, type VirtioDevice, type Virtqueue } from './index.ts'

const RAM = 0x4000_0000
const range = { base: RAM as Gpa, bytes: 0x4000 }
const place = { kind: 'ram', desc: RAM as Gpa, avail: (RAM + 0x1000) as Gpa, used: (RAM + 0x2000) as Gpa } as const
const SIZE = 8

const device = (eventIdx: boolean, queue: Virtqueue, status = 15): VirtioDevice => ({
  name: '0000:00:02.0/virtio-blk',
  deviceId: 16,
  kind: 'blk',
  status,
  features: eventIdx ? 1n << BigInt(VIRTIO_F.eventIdx) : 0n,
  configVector: undefined,
  queues: [queue],
  offset: 0,
})

const split = (nextAvail: number, more: Partial<Virtqueue> = {}): Virtqueue => ({
  index: 0,
  size: SIZE,
  vector: 1,
  place,
  nextAvail: nextAvail & 0xffff,
  offset: 0,
  ...more,
})

function put(memory: GuestMemory, at: number, value: number): void {
  memory.setU8(at as Gpa, value & 0xff)
  memory.setU8((at + 1) as Gpa, (value >>> 8) & 0xff)
}

interface Split {
  readonly avail?: number
  readonly nextAvail?: number
  readonly used?: number
  readonly usedEvent?: number
  readonly availEvent?: number
  readonly availFlags?: number
  readonly usedFlags?: number
}

function splitRing({ avail = 0, usedEvent = 0, used = 0, availEvent = 0, availFlags = 0, usedFlags = 0 }: Split): GuestMemory {
  const memory = new GuestMemory([range])
  put(memory, place.avail, availFlags)
  put(memory, place.avail + 2, avail)
  put(memory, place.avail + 4 + 2 * SIZE, usedEvent)
  put(memory, place.used, usedFlags)
  put(memory, place.used + 2, used)
  put(memory, place.used + 4 + 8 * SIZE, availEvent)
  return memory
}

function read(ring: Split, eventIdx = true) {
  const { nextAvail = ring.used ?? 0 } = ring
  const queue = split(nextAvail)
  const found = readRing(splitRing({ avail: nextAvail, ...ring }), device(eventIdx, queue), queue)
  return found
}
const ahead = (ring: Split) => {
  const found = read(ring)
  return 'unjudged' in found ? found.unjudged : found.asked.by === 'index' ? found.asked.ahead : found.asked.by
}

describe('a split ring', () => {
  it.each<[string, Split, number | string]>([
    ['nothing was ever used', {}, 0],
    ['the driver has taken all out', { used: 5, usedEvent: 5 }, 0],
    ['one buffer is used that it asked for', { used: 6, usedEvent: 5 }, 1],
    ['as many are as the ring has', { used: 13, usedEvent: 5 }, 8],
    ['more are than the ring has: it is no index that the driver means', { used: 14, usedEvent: 5 }, 0],
    ['the index goes round', { used: 2, usedEvent: 0xffff }, 3],
    ['it asked to be told later', { used: 5, usedEvent: 8, avail: 10, nextAvail: 10 }, 0],
    ['0 stands there of a driver that wants none, long after', { used: 1000, usedEvent: 0 }, 0],
    ['the driver gave as much as goes in behind what it took out', { used: 5, usedEvent: 4, avail: 12, nextAvail: 5 }, 1],
    ['it gave more than that', { used: 5, usedEvent: 4, avail: 13, nextAvail: 5 }, 0],
  ])('tells how far the device is past what the driver asked for: %s', (_, ring, expected) => {
    expect(ahead(ring)).toBe(expected)
  })

  it.each<[string, Split]>([
    ['the device used more than it took', { used: 6, nextAvail: 5, avail: 6 }],
    ['the device took more than the driver gave', { used: 5, nextAvail: 6, avail: 5 }],
    ['more is under way than goes in', { used: 0, nextAvail: 5, avail: 9 }],
    ['its pages were blanked', { nextAvail: 100, avail: 0, used: 0 }],
  ])('tells nothing where %s', (_, ring) => {
    expect(read(ring)).toEqual({ unjudged: 'disagrees' })
  })

  it.each([
    [0, true],
    [1, false],
    [2, true],
  ])('without used_event tells only whether the driver wants interrupts: flags %i', (availFlags, wants) => {
    expect(read({ used: 6, usedEvent: 5, availFlags }, false)).toMatchObject({ asked: { by: 'flag', wants } })
  })

  it.each<[string, Split, boolean, number, boolean]>([
    ['the device has looked at all', { avail: 3, nextAvail: 3, used: 3, availEvent: 2 }, true, 0, false],
    ['it was told of one', { avail: 3, nextAvail: 2, used: 2, availEvent: 2 }, true, 1, true],
    ['it wants to be told later', { avail: 3, nextAvail: 2, used: 2, availEvent: 3 }, true, 1, false],
    ['its index goes round', { avail: 1, nextAvail: 0xffff, used: 0xffff, availEvent: 0xffff }, true, 2, true],
    ['it was told by flag', { avail: 3, nextAvail: 2, used: 2 }, false, 1, true],
    ['it wants to be told of nothing', { avail: 3, nextAvail: 2, used: 2, usedFlags: 1 }, false, 1, false],
  ])('tells what waits for the device: %s', (_, ring, eventIdx, waiting, isKicked) => {
    expect(read(ring, eventIdx)).toMatchObject({ waiting, isKicked })
  })

  it('tells the same wherever its indices are in their round', () => {
    const counts = fc.record({ out: fc.nat(SIZE), taken: fc.nat(SIZE), waiting: fc.nat(SIZE) })
    fc.assert(
      fc.property(fc.nat(0xffff), counts, (start, { out, taken, waiting }) => {
        const used = start + out
        const [nextAvail, avail] = [used + taken, used + taken + waiting]
        const ring = { usedEvent: start & 0xffff, used: used & 0xffff, nextAvail: nextAvail & 0xffff, avail: avail & 0xffff }
        const isPossible = taken + waiting <= SIZE
        expect(ahead(ring)).toBe(isPossible ? (out + taken + waiting <= SIZE ? out : 0) : 'disagrees')
      }),
    )
  })
})

interface Packed {
  readonly avail?: readonly [index: number, wrap: boolean]
  readonly used?: readonly [index: number, wrap: boolean]
  /** off_wrap and flags, of the driver and of the device. */
  readonly driver?: readonly [number, number]
  readonly device?: readonly [number, number]
  /** Flags of the descriptor that the device takes next. */
  readonly descriptor?: number
}

const WRAP = 0x8000

function packedRing(parts: Packed) {
  const { used = [0, true], avail = used, driver = [WRAP, 2], descriptor = 0 } = parts
  const memory = new GuestMemory([range])
  put(memory, place.avail, driver[0])
  put(memory, place.avail + 2, driver[1])
  const [off, flags] = parts.device ?? [0, 1]
  put(memory, place.used, off)
  put(memory, place.used + 2, flags)
  put(memory, place.desc + avail[0] * 16 + 14, descriptor)
  const at = ([index, wrap]: readonly [number, boolean]) => ({ index, wrap })
  const queue = split(0, { packed: { avail: at(avail), used: at(used) } })
  return readRing(memory, device(true, queue), queue)
}
const packedAhead = (parts: Packed) => {
  const found = packedRing(parts)
  return 'unjudged' in found ? found.unjudged : found.asked.by === 'index' ? found.asked.ahead : found.asked.wants
}

describe('a packed ring', () => {
  it.each<[string, Packed, number | string | boolean]>([
    ['nothing was ever used', {}, 0],
    ['the driver has taken all out', { used: [5, true], driver: [WRAP | 5, 2] }, 0],
    ['a descriptor is used that it asked for', { used: [6, true], driver: [WRAP | 5, 2] }, 1],
    ['the device began another lap', { used: [1, false], driver: [WRAP | 6, 2] }, 3],
    ['all of the ring is used', { used: [5, false], driver: [WRAP | 5, 2] }, 8],
    ['the driver asked to be told later', { used: [3, true], driver: [WRAP | 5, 2] }, 0],
    ['it asked to be told in the next lap', { used: [6, true], driver: [1, 2] }, 0],
    ['no such descriptor is there', { used: [6, true], driver: [WRAP | 9, 2] }, 0],
    ['the driver wants no interrupt', { used: [6, true], driver: [WRAP | 5, 1] }, false],
    ['it wants every interrupt', { used: [6, true], driver: [WRAP | 5, 0] }, true],
  ])('tells how far the device is past what the driver asked for: %s', (_, parts, expected) => {
    expect(packedAhead(parts)).toBe(expected)
  })

  it.each<[string, Packed]>([
    ['the device used what it did not take', { used: [6, true], avail: [5, true] }],
    ['it is more than a lap behind', { used: [5, true], avail: [6, false] }],
    ['a position is no descriptor', { used: [8, true] }],
  ])('tells nothing where %s', (_, parts) => {
    expect(packedRing(parts)).toEqual({ unjudged: 'disagrees' })
  })

  it.each<[string, Packed, number, boolean]>([
    ['the descriptor is of the last lap', { avail: [2, true], used: [2, true], descriptor: 0x8000 }, 0, false],
    ['the descriptor is used', { avail: [2, true], used: [2, true], descriptor: 0x8080 }, 0, false],
    ['it is available, and the device wants no notice', { avail: [2, true], used: [2, true], descriptor: 0x80 }, 1, false],
    [
      'it is available, and the device wants every notice',
      { avail: [2, true], used: [2, true], descriptor: 0x80, device: [0, 0] },
      1,
      true,
    ],
    ['it is available, and wanted', { avail: [2, true], used: [2, true], descriptor: 0x80, device: [WRAP | 2, 2] }, 1, true],
    [
      'it is available, and a later one is wanted',
      { avail: [2, true], used: [2, true], descriptor: 0x80, device: [WRAP | 3, 2] },
      1,
      false,
    ],
    ['it is available in a lap with the other counter', { avail: [2, false], used: [2, false], descriptor: 0x8000 }, 1, false],
  ])('tells what waits for the device: %s', (_, parts, waiting, isKicked) => {
    expect(packedRing(parts)).toMatchObject({ waiting, isKicked })
  })

  it('tells the same wherever it is in its lap', () => {
    const position = (count: number): readonly [number, boolean] => [count % SIZE, Math.floor(count / SIZE) % 2 === 0]
    fc.assert(
      fc.property(fc.nat(100), fc.nat(SIZE), (start, out) => {
        const [event, wrap] = position(start)
        expect(packedAhead({ used: position(start + out), driver: [event | (wrap ? WRAP : 0), 2] })).toBe(out)
      }),
    )
  })
})

describe('a ring that is not there', () => {
  const queue = split(0)
  const whole = splitRing({})

  it.each([
    ['is not set up', { place: { kind: 'unset' } }, 15, 'unset'],
    ['has no driver', {}, 3, 'unset'],
    ['has no descriptors', { size: 0 }, 15, 'unset'],
    ['lies behind an IOMMU', { place: { kind: 'elsewhere' } }, 15, 'elsewhere'],
    ['lies outside RAM', { place: { ...place, used: (RAM + 0x3ffd) as Gpa } }, 15, 'outside RAM'],
    ['is so long that it leaves RAM', { size: 32768 }, 15, 'outside RAM'],
  ] as const)('tells nothing: it %s', (_, more, status, unjudged) => {
    const one = split(0, more)
    expect(readRing(whole, device(true, one, status), one)).toEqual({ unjudged })
  })

  it('tells nothing before its words are loaded, and needs no other page', () => {
    const memory = new LoadableMemory([range])
    const packed = split(0, { packed: { avail: { index: 0, wrap: true }, used: { index: 0, wrap: true } } })
    for (const one of [queue, packed]) expect(readRing(memory, device(true, one), one)).toEqual({ unjudged: 'not loaded' })
    memory.loadZeros(place.avail)
    memory.loadZeros(place.used)
    expect(readRing(memory, device(true, queue), queue)).toMatchObject({ asked: { ahead: 0 } })
    memory.loadZeros(place.desc)
    expect(readRing(memory, device(true, packed), packed)).toMatchObject({ asked: { by: 'flag' } })
  })

  it('never ends in an error, whatever is saved of it', () => {
    const address = fc
      .oneof(
        fc.nat(0x4000).map((at) => RAM + at),
        fc.nat(2 ** 40),
        fc.constant(2 ** 52 - 1),
      )
      .map((at) => at as Gpa)
    const anyPlace = fc.record({ kind: fc.constant('ram' as const), desc: address, avail: address, used: address })
    const position = fc.record({ index: fc.nat(0xffff), wrap: fc.boolean() })
    const any = fc.record(
      { size: fc.nat(32768), nextAvail: fc.nat(0xffff), place: anyPlace, packed: fc.record({ avail: position, used: position }) },
      { requiredKeys: ['size', 'nextAvail', 'place'] },
    )
    fc.assert(
      fc.property(any, fc.boolean(), fc.uint8Array({ minLength: 64, maxLength: 64 }), (more, eventIdx, bytes) => {
        const memory = new GuestMemory([range])
        for (let at = RAM; at < RAM + 0x4000; at += bytes.length) memory.write(at as Gpa, bytes)
        const one = split(0, more)
        const found = readRing(memory, device(eventIdx, one), one)
        if (!('unjudged' in found) && found.asked.by === 'index') expect(found.asked.ahead).toBeLessThanOrEqual(one.size)
        expect(ringWords([device(eventIdx, one)]).length).toBeLessThanOrEqual(6)
      }),
    )
  })
})
