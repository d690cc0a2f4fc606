import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { GITS, GITS_BASER, NEWEST, profiles, type QuirkName } from '../abi/index.ts'
import { attempt } from '../memory/index.ts'
import { itsFrame } from './its-frame.ts'
import { Guest, PLACES } from './testing/guest.ts'

const VALID = 1n << 63n
const BASER1 = GITS.BASER1
const restore = (guest: Guest, offset: number, value: bigint) =>
  attempt(() => {
    const register = itsFrame.find(offset)!
    const write = register.restore ?? register.write
    write?.(guest.its, value)
  })

describe('GITS_CTLR', () => {
  it.each([
    ['the device table', GITS.BASER0, BigInt(PLACES.devices)],
    ['the collection table', BASER1, BigInt(PLACES.collections)],
    ['the queue', GITS.CBASER, BigInt(PLACES.queue)],
  ])('cannot enable the ITS while %s is not Valid; enable-unchecked: 4.13 could', (_what, offset, value) => {
    const enabled = (quirks: readonly QuirkName[]) => {
      const guest = new Guest({ enabled: false, quirks })
      guest.write(offset, value)
      guest.write(GITS.CTLR, 1n)
      return guest.its.enabled
    }
    expect([enabled([]), enabled(['enable-unchecked'])]).toEqual([false, true])
  })

  it('disables without forgetting what is mapped', () => {
    const guest = new Guest().mapCollections()
    guest.configureAll(8192, 4)
    guest.mapDevice(2)
    guest.run('MAPTI', { deviceId: 2, eventId: 0, pintid: 8192, icid: 0 })
    guest.write(GITS.CTLR, 0n)
    expect(guest.msi(2, 0)).toBe(-16)
    guest.write(GITS.CTLR, 1n)
    expect(guest.msi(2, 0)).toBe(1)
  })
})

describe('a 64-bit register', () => {
  it('is written and read in halves by a guest', () => {
    const guest = new Guest({ enabled: false })
    itsFrame.write(guest.its, GITS.CBASER + 4, 4, 0xb800_0000n)
    itsFrame.write(guest.its, GITS.CBASER, 4, 0x4002_0003n)
    expect(guest.read(GITS.CBASER)).toBe(0xb800_0000_4002_0003n)
    expect([0, 4].map((half) => itsFrame.read(guest.its, GITS.CBASER + half, 4))).toEqual([0x4002_0003n, 0xb800_0000n])
  })

  it('that is wider than the register, or not aligned, reads as 0 and writes nothing', () => {
    const guest = new Guest()
    itsFrame.write(guest.its, GITS.CTLR, 8, 0n)
    itsFrame.write(guest.its, GITS.CWRITER + 2, 4, 32n)
    expect([guest.its.enabled, guest.its.cwriter]).toEqual([true, 0])
    expect([
      itsFrame.read(guest.its, GITS.CTLR, 8),
      itsFrame.read(guest.its, GITS.TYPER + 4, 8),
      itsFrame.read(guest.its, 0x20, 4),
    ]).toEqual([0n, 0n, 0n])
  })
})

describe('registers that a guest cannot change', () => {
  it.each(Object.entries(itsFrame.registers).filter(([, { write }]) => write === undefined))(
    '%s',
    (_name, { at, size, read }) => {
      const guest = new Guest({ enabled: false })
      const before = read(guest.its)
      itsFrame.write(guest.its, at, size, 0xffff_ffff_ffff_ffffn)
      expect(read(guest.its)).toBe(before)
    },
  )

  it('identify the ITS', () => {
    const guest = new Guest()
    const ids = [0xffd0, 0xffe0, 0xffe4, 0xffe8, 0xfff0, 0xfff4, 0xfff8, 0xfffc].map((at) =>
      Number(itsFrame.read(guest.its, at, 4)),
    )
    expect([guest.read(GITS.IIDR), guest.read(GITS.TYPER), ids]).toEqual([
      0x4b00_043bn,
      0x1ef71n,
      [0x40, 0x92, 0xb4, 0x3b, 0x0d, 0xf0, 0x05, 0xb1],
    ])
  })
})

describe('BASER and CBASER', () => {
  test.each`
    what                                            | written                      | read
    ${'outer shareable becomes inner'}              | ${2n << 10n}                 | ${(3n << 59n) | (1n << 10n)}
    ${'inner non-cacheable becomes cacheable'}      | ${1n << 59n}                 | ${3n << 59n}
    ${'inner write-through stays'}                  | ${2n << 59n}                 | ${2n << 59n}
    ${'outer cacheability is same as inner or not'} | ${(7n << 53n) | (7n << 59n)} | ${7n << 59n}
    ${'outer non-cacheable stays'}                  | ${(1n << 53n) | (7n << 59n)} | ${(1n << 53n) | (7n << 59n)}
  `('$what', ({ written, read }: { written: bigint; read: bigint }) => {
    const guest = new Guest({ enabled: false })
    for (const offset of [GITS.BASER0, GITS.CBASER]) guest.write(offset, written)
    const fixed = GITS_BASER.pack({ type: 1, entrySize: 7, pageSize: 2 })
    expect([guest.read(GITS.BASER0), guest.read(GITS.CBASER)]).toEqual([read | fixed, read])
  })

  it('outer-cache-non-cacheable: an outer one that is not supported became non-cacheable', () => {
    const guest = new Guest({ enabled: false, quirks: ['outer-cache-non-cacheable'] })
    guest.write(GITS.CBASER, (7n << 53n) | (7n << 59n))
    expect(guest.read(GITS.CBASER)).toBe((1n << 53n) | (7n << 59n))
  })

  it('addresses-48-bit: before 4.20 they had no address bits [51:48]', () => {
    const guest = new Guest({ enabled: false, quirks: ['addresses-48-bit'] })
    guest.write(GITS.BASER0, 0x4200_f000n)
    guest.write(GITS.CBASER, 0x000f_0000_4200_0000n)
    const [{ base }, cbaser] = [guest.its.deviceTable, guest.read(GITS.CBASER)]
    expect([base, cbaser & 0x000f_ffff_ffff_f000n]).toEqual([0x4200_0000, 0x4200_0000n])
  })

  it('keep type, entry size and page size; collections are never indirect', () => {
    const guest = new Guest({ enabled: false })
    for (const offset of [GITS.BASER0, BASER1]) guest.write(offset, 0xffff_ffff_ffff_ffffn)
    const [devices, collections] = [GITS.BASER0, BASER1].map((offset) => GITS_BASER.unpack(guest.read(offset)))
    expect(devices).toMatchObject({ type: 1, entrySize: 7, pageSize: 2, indirect: true, addressHigh: 0xf })
    expect(collections).toMatchObject({ type: 4, entrySize: 7, pageSize: 2, indirect: false })
  })

  it('BASER2 to BASER7 name no table', () => {
    const guest = new Guest({ enabled: false })
    guest.write(GITS.BASER0 + 16, VALID)
    expect(guest.read(GITS.BASER0 + 16)).toBe(0n)
  })

  it('are not written while the ITS is enabled', () => {
    const guest = new Guest()
    const offsets = [GITS.CBASER, GITS.BASER0, BASER1]
    const before = offsets.map((offset) => guest.read(offset))
    for (const offset of offsets) guest.write(offset, 0n)
    expect(offsets.map((offset) => guest.read(offset))).toEqual(before)
  })

  it('a write of CBASER empties the queue', () => {
    const guest = new Guest()
    guest.run('SYNC', {})
    guest.write(GITS.CTLR, 0n)
    guest.write(GITS.CBASER, guest.read(GITS.CBASER))
    expect([guest.read(GITS.CREADR), guest.read(GITS.CWRITER)]).toEqual([0n, 0n])
  })
})

describe('a BASER write', () => {
  const mappedAfter = (offset: number, change: (value: bigint) => bigint, quirks: readonly QuirkName[] = []) => {
    const guest = new Guest({ quirks }).mapCollections()
    guest.mapDevice(2)
    guest.write(GITS.CTLR, 0n)
    guest.write(offset, change(guest.read(offset)))
    return [guest.its.devices.count, guest.its.collections.order.length]
  }
  const moved = (value: bigint) => value + 0x1_0000n
  const invalid = (value: bigint) => value & ~VALID

  it('with the same value keeps all; a change forgets the devices or the collections', () => {
    expect(mappedAfter(GITS.BASER0, (value) => value)).toEqual([1, 2])
    expect(mappedAfter(GITS.BASER0, moved)).toEqual([0, 2])
    expect(mappedAfter(BASER1, moved)).toEqual([1, 0])
  })

  it('baser-change-keeps: only clearing Valid forgets; baser-invalid-keeps: not even that', () => {
    expect(mappedAfter(GITS.BASER0, moved, ['baser-change-keeps'])).toEqual([1, 2])
    expect(mappedAfter(BASER1, invalid, ['baser-change-keeps'])).toEqual([1, 0])
    expect(mappedAfter(BASER1, invalid, ['baser-change-keeps', 'baser-invalid-keeps'])).toEqual([1, 2])
  })
})

describe('what userspace may restore', () => {
  it('CREADR: not while enabled, not past the queue, and without its low bits', () => {
    const guest = new Guest({ enabled: false })
    expect(restore(guest, GITS.CREADR, 0x1000n)).toMatchObject({ errno: 'EINVAL' })
    expect([restore(guest, GITS.CREADR, 0x47n).ok, guest.its.creadr]).toEqual([true, 0x40])
    expect(restore(new Guest(), GITS.CREADR, 0n)).toMatchObject({ errno: 'EBUSY' })
  })

  it.each(['linux-4.13', 'proposal-2017', NEWEST] as const)(
    'CREADR and CWRITER can be cleared whatever GITS_CBASER says: %s',
    (kernel) => {
      for (const cbaser of [0n, VALID, VALID | BigInt(PLACES.queue) | 0xffn]) {
        const guest = new Guest({ enabled: false, quirks: profiles[kernel].names })
        guest.write(GITS.CBASER, VALID | BigInt(PLACES.queue) | 0xfn)
        Object.assign(guest.its, { creadr: 0x40, cwriter: 0x60 })
        for (const offset of [GITS.CREADR, GITS.CWRITER]) expect(restore(guest, offset, 0n)).toMatchObject({ ok: true })
        expect([guest.its.creadr, guest.its.cwriter]).toEqual([0, 0])
        guest.write(GITS.CBASER, cbaser)
        for (const offset of [GITS.CREADR, GITS.CWRITER]) expect(restore(guest, offset, 0n)).toMatchObject({ ok: true })
        expect([guest.its.creadr, guest.its.cwriter]).toEqual([0, 0])
      }
    },
  )

  it('IIDR: table ABI revision 0 and no other', () => {
    const guest = new Guest()
    expect([0n, 0x4b00_043bn, 0xffff_0fffn].map((value) => restore(guest, GITS.IIDR, value).ok)).toEqual([true, true, true])
    expect(restore(guest, GITS.IIDR, 0x1000n)).toMatchObject({ errno: 'EINVAL' })
  })

  it('CWRITER past the queue is ignored', () => {
    const guest = new Guest({ enabled: false })
    expect([restore(guest, GITS.CWRITER, 0x1000n).ok, guest.its.cwriter]).toEqual([true, 0])
  })
})

it('no write of any value to any register does more than KVM allows', () => {
  const registers = Object.values(itsFrame.registers)
  const write = fc.tuple(fc.constantFrom(...registers), fc.bigInt(0n, 2n ** 64n - 1n), fc.boolean())
  fc.assert(
    fc.property(fc.array(write, { maxLength: 30 }), (writes) => {
      const guest = new Guest({ enabled: false })
      for (const [register, value, halves] of writes) {
        if (halves && register.size === 8) {
          itsFrame.write(guest.its, register.at, 4, value & 0xffffffffn)
          itsFrame.write(guest.its, register.at + 4, 4, value >> 32n)
        } else itsFrame.write(guest.its, register.at, register.size, value)
      }
      expect(guest.its.creadr % 32).toBe(0)
      expect(guest.its.creadr < guest.its.queue.bytes || guest.its.creadr === 0).toBe(true)
      expect(guest.its.queue.base % 0x1_0000).toBe(0)
      expect(guest.its.enabled && !guest.its.queue.valid).toBe(false)
    }),
    { numRuns: 200 },
  )
})
