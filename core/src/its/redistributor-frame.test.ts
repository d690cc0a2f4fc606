import { describe, expect, it } from 'vitest'
import { GICR, type QuirkName } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { redistributorFrame } from './redistributor-frame.ts'
import { Guest, PLACES } from './testing/guest.ts'

const PTZ = 1n << 62n
const read = (guest: Guest, vcpu: number, offset: number) => redistributorFrame.read({ gic: guest.gic, vcpu }, offset, 8)

function mapped(quirks: readonly QuirkName[] = []): Guest {
  const guest = new Guest({ quirks }).mapCollections()
  guest.configureAll(8192, 4)
  guest.mapDevice(2)
  for (const eventId of [0, 1, 2]) guest.run('MAPTI', { deviceId: 2, eventId, pintid: 8192 + eventId, icid: eventId & 1 })
  return guest
}

const disable = (guest: Guest, vcpu: number) => redistributorFrame.write({ gic: guest.gic, vcpu }, GICR.CTLR, 4, 0n)
const enable = (guest: Guest, vcpu: number) => redistributorFrame.write({ gic: guest.gic, vcpu }, GICR.CTLR, 4, 1n)

describe('GICR_PROPBASER and GICR_PENDBASER', () => {
  it('one PROPBASER for the VM, one PENDBASER for each vCPU', () => {
    const guest = new Guest({ enabled: false })
    guest.gicr(1, GICR.PROPBASER, 0x4200_078fn)
    guest.gicr(1, GICR.PENDBASER, 0x4300_0780n)
    expect([0, 1].map((vcpu) => read(guest, vcpu, GICR.PROPBASER))).toEqual([0x4200_078fn, 0x4200_078fn])
    expect([0, 1].map((vcpu) => read(guest, vcpu, GICR.PENDBASER))).toEqual([BigInt(PLACES.pending(0)) | 0x180n, 0x4300_0780n])
  })

  it('addresses-48-bit: before 4.20 they had no address bits [51:48]', () => {
    const guest = new Guest({ enabled: false, quirks: ['addresses-48-bit'] })
    for (const offset of [GICR.PROPBASER, GICR.PENDBASER]) guest.gicr(0, offset, 0x000f_4200_0000_0000n)
    expect([GICR.PROPBASER, GICR.PENDBASER].map((offset) => read(guest, 0, offset) >> 40n)).toEqual([0x42n, 0x42n])
  })

  it('keep the bits they have and no other; PTZ reads as 0', () => {
    const guest = new Guest({ enabled: false })
    for (const offset of [GICR.PROPBASER, GICR.PENDBASER]) guest.gicr(0, offset, 0xffff_ffff_ffff_ffffn)
    expect([read(guest, 0, GICR.PROPBASER), read(guest, 0, GICR.PENDBASER)]).toEqual([
      0x000f_ffff_ffff_ff9fn,
      0x000f_ffff_ffff_0f80n,
    ])
  })

  it('are not written while LPIs are enabled', () => {
    const guest = new Guest()
    const before = [GICR.PROPBASER, GICR.PENDBASER].map((offset) => read(guest, 0, offset))
    for (const offset of [GICR.PROPBASER, GICR.PENDBASER]) guest.gicr(0, offset, 0n)
    expect([GICR.PROPBASER, GICR.PENDBASER].map((offset) => read(guest, 0, offset))).toEqual(before)
  })

  it('a half written later keeps PTZ', () => {
    const guest = new Guest({ enabled: false })
    guest.gicr(0, GICR.PENDBASER, PTZ | BigInt(PLACES.pending(0)))
    redistributorFrame.write({ gic: guest.gic, vcpu: 0 }, GICR.PENDBASER, 4, BigInt(PLACES.pending(1)))
    expect(guest.gic.redistributors[0]!.pendbaser & PTZ).toBe(PTZ)
  })
})

describe('GICR_CTLR.EnableLPIs', () => {
  const withBits = (byte: number) => {
    const guest = mapped()
    disable(guest, 0)
    guest.memory.setU8((PLACES.pending(0) + 1024) as Gpa, byte)
    return guest
  }

  it('loads the pending bits of the mapped LPIs that target the vCPU, and leaves them in RAM', () => {
    const guest = withBits(0b1111)
    enable(guest, 0)
    expect([guest.take(0), guest.take(1)]).toEqual([[8192, 8194], []])
    expect(guest.memory.u8((PLACES.pending(0) + 1024) as Gpa)).toBe(0b1111)
  })

  it('does not look at the table when PTZ says it is zero', () => {
    const guest = withBits(0b1111)
    guest.gicr(0, GICR.PENDBASER, PTZ | BigInt(PLACES.pending(0)))
    enable(guest, 0)
    expect(guest.take(0)).toEqual([])
  })

  it('stops loading where the table is not in RAM', () => {
    const guest = withBits(0b1111)
    guest.gicr(0, GICR.PENDBASER, 0x1000_0000n)
    enable(guest, 0)
    expect(guest.take(0)).toEqual([])
  })

  it('cleared drops what is queued for the vCPU; disable-lpis-keeps-pending: before 5.1 it stayed', () => {
    const pendingAfter = (quirks: readonly QuirkName[]) => {
      const guest = mapped(quirks)
      for (const eventId of [0, 1]) guest.msi(2, eventId)
      disable(guest, 0)
      return [8192, 8193].map((lpi) => guest.gic.lpis.isPending(lpi))
    }
    expect(pendingAfter([])).toEqual([false, true])
    expect(pendingAfter(['disable-lpis-keeps-pending'])).toEqual([true, true])
  })

  it('disable-lpis-keeps-latch: LPIs leave the queue and stay pending', () => {
    const guest = mapped(['disable-lpis-keeps-latch'])
    guest.msi(2, 0)
    disable(guest, 0)
    expect([guest.gic.lpis.isPending(8192), guest.take(0)]).toEqual([true, []])
  })
})

describe('GICR_INVLPIR, GICR_INVALLR and GICR_SYNCR', () => {
  const reconfigured = (happens: (guest: Guest) => void, quirks: readonly QuirkName[] = []) => {
    const guest = mapped(quirks)
    for (const intid of [8192, 8193, 8194]) guest.configure(intid, { enable: false })
    happens(guest)
    return [8192, 8193, 8194].filter((lpi) => !guest.gic.lpis.isEnabled(lpi))
  }

  it('INVLPIR rereads one LPI, INVALLR all that target the vCPU', () => {
    expect(reconfigured((guest) => guest.gicr(1, GICR.INVLPIR, 8192n))).toEqual([8192])
    expect(reconfigured((guest) => guest.gicr(0, GICR.INVALLR, 0n))).toEqual([8192, 8194])
  })

  it('are ignored while LPIs are disabled, for what is no LPI, and as an upper half alone', () => {
    const afterDisabling = (guest: Guest) => {
      disable(guest, 0)
      guest.gicr(0, GICR.INVALLR, 0n)
    }
    expect(reconfigured(afterDisabling)).toEqual([])
    expect(reconfigured((guest) => guest.gicr(0, GICR.INVLPIR, 8000n))).toEqual([])
    const upper = (guest: Guest) => redistributorFrame.write({ gic: guest.gic, vcpu: 0 }, GICR.INVALLR + 4, 4, 1n)
    expect(reconfigured(upper)).toEqual([])
  })

  it('no-lpi-invalidate-registers: before 5.19 they did nothing, and GICR_CTLR did not promise them', () => {
    const quirks = ['no-lpi-invalidate-registers'] as const
    expect(reconfigured((guest) => guest.gicr(0, GICR.INVALLR, 0n), quirks)).toEqual([])
    const ctlr = (guest: Guest) => redistributorFrame.read({ gic: guest.gic, vcpu: 0 }, GICR.CTLR, 4)
    expect([ctlr(new Guest()), ctlr(new Guest({ quirks }))]).toEqual([7n, 1n])
  })

  it('SYNCR is never busy', () => {
    expect(redistributorFrame.read({ gic: mapped().gic, vcpu: 0 }, GICR.SYNCR, 4)).toBe(0n)
  })
})

it('GICR_TYPER names the processor, its affinity and the last redistributor', () => {
  const guest = new Guest({ vcpuIds: [0, 0x123] })
  expect([0, 1].map((vcpu) => read(guest, vcpu, GICR.TYPER))).toEqual([1n, (0x1203n << 32n) | (0x123n << 8n) | 0x11n])
})
