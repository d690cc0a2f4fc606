import { describe, expect, it } from 'vitest'
import { GICR_SGI, profiles } from '../abi/index.ts'
import { GuestMemory } from '../memory/index.ts'
import { CpuInterface, SPURIOUS } from './cpu-interface.ts'
import { Gic } from './gic.ts'
import { redistributorFrame } from './redistributor-frame.ts'
import { Guest } from './testing/guest.ts'

/** A vCPU whose distributor forwards, with its CPU interface open, and its redistributor as the guest sees it. */
function vcpu(kernel: keyof typeof profiles = 'linux-7.3.4') {
  const gic = new Gic({ memory: new GuestMemory(), vcpuIds: [0], quirks: profiles[kernel].quirks })
  gic.lpis.delivering = true
  const cpu = new CpuInterface(gic, 0)
  cpu.group1 = true
  cpu.priorityMask = 0xff
  const port = { gic, vcpu: 0 }
  const read = (register: keyof typeof GICR_SGI) => Number(redistributorFrame.read(port, GICR_SGI[register], 4))
  const write = (register: keyof typeof GICR_SGI, value: number) =>
    redistributorFrame.write(port, GICR_SGI[register], 4, BigInt(value))
  return { gic, cpu, read, write, privates: gic.redistributors[0]!.privates }
}

describe('a PPI', () => {
  it('is pending as long as its line is high, and taken again when it is completed meanwhile', () => {
    const { cpu, read, write, privates } = vcpu()
    write('ISENABLER0', 1 << 27)
    privates.setLines(1 << 27)
    expect([read('ISPENDR0'), privates.latched]).toEqual([1 << 27, 0])
    expect([cpu.acknowledge(), cpu.acknowledge()]).toEqual([27, SPURIOUS])
    cpu.complete()
    expect(cpu.acknowledge()).toBe(27)
    privates.setLines(0)
    cpu.complete()
    expect([cpu.acknowledge(), read('ISPENDR0')]).toEqual([SPURIOUS, 0])
  })

  it('that the guest makes pending stays so until it is taken or cleared, whatever its line does', () => {
    const { cpu, read, write, privates } = vcpu()
    write('ISENABLER0', 0x30_0000)
    write('ISPENDR0', 0x30_0000)
    privates.setLines(0)
    write('ICPENDR0', 0x10_0000)
    expect(read('ICPENDR0')).toBe(0x20_0000)
    expect([cpu.acknowledge(), cpu.acknowledge()]).toEqual([21, SPURIOUS])
  })

  it('with a high line cannot be cleared', () => {
    const { read, write, privates } = vcpu()
    privates.setLines(1 << 30)
    write('ICPENDR0', 1 << 30)
    expect(read('ISPENDR0')).toBe(1 << 30)
  })
})

describe('an SGI', () => {
  it('has no line', () => {
    const { cpu, privates } = vcpu()
    privates.setLines(0b1000)
    expect([privates.lines, privates.pending, cpu.acknowledge()]).toEqual([0, 0, SPURIOUS])
  })

  it('is taken in order of priority, equals in the order in which they came', () => {
    const { cpu, privates } = vcpu()
    for (const [intid, priority] of [0x80, 0x40, 0x80, 0x40].entries()) privates.setPriority(intid, priority)
    for (const intid of [3, 2, 1, 0]) privates.raise(1 << intid)
    const taken = Array.from({ length: 4 }, () => {
      const intid = cpu.acknowledge()
      cpu.complete()
      return intid
    })
    expect(taken).toEqual([3, 1, 2, 0])
  })

  it('is interrupted by one of a higher group priority, and both are active then', () => {
    const { cpu, read, privates } = vcpu()
    privates.setPriority(4, 0x80)
    privates.setPriority(5, 0x40)
    privates.raise(1 << 4)
    expect(cpu.acknowledge()).toBe(4)
    privates.raise((1 << 4) | (1 << 5))
    expect([cpu.acknowledge(), cpu.acknowledge(), read('ISACTIVER0')]).toEqual([5, SPURIOUS, 0b11_0000])
    cpu.complete()
    expect([read('ISACTIVER0'), cpu.acknowledge()]).toEqual([0b01_0000, SPURIOUS])
    cpu.complete()
    expect(cpu.acknowledge()).toBe(4)
  })

  it('waits while it is disabled, and the guest that disables it after it was queued does not get it', () => {
    const { cpu, write, privates } = vcpu()
    privates.raise(0b110)
    write('ICENABLER0', 0b010)
    expect([cpu.acknowledge(), cpu.acknowledge()]).toEqual([2, SPURIOUS])
    cpu.complete()
    write('ISENABLER0', 0b010)
    expect(cpu.acknowledge()).toBe(1)
  })

  it('that was pending when the distributor began to forward is not looked at before something happens to it', () => {
    const { gic, cpu, write, privates } = vcpu()
    gic.lpis.delivering = false
    privates.raise(1 << 9)
    gic.lpis.delivering = true
    expect(cpu.acknowledge()).toBe(SPURIOUS)
    write('IGROUPR0', -1)
    expect(cpu.acknowledge()).toBe(9)
  })

  it('goes before an LPI of its priority, and after one of a higher', () => {
    const guest = new Guest().mapCollections()
    const [cpu] = guest.cpus
    guest.mapDevice(2)
    for (const [eventId, priority] of [0x80, 0x40].entries()) {
      guest.configure(8192 + eventId, { priority })
      guest.run('MAPTI', { deviceId: 2, eventId, pintid: 8192 + eventId, icid: 0 })
      guest.msi(2, eventId)
    }
    const { privates } = guest.gic.redistributors[0]!
    privates.setPriority(6, 0x80)
    privates.raise(1 << 6)
    const taken = Array.from({ length: 4 }, () => {
      const intid = cpu!.acknowledge()
      cpu!.complete()
      return intid
    })
    expect(taken).toEqual([8193, 6, 8192, SPURIOUS])
  })
})

describe('groups', () => {
  it('decide what ICC_IAR1_EL1 gives', () => {
    const { cpu, write, privates } = vcpu()
    write('IGROUPR0', ~0b100)
    privates.raise(0b100)
    expect(cpu.acknowledge()).toBe(SPURIOUS)
    write('IGROUPR0', -1)
    expect(cpu.acknowledge()).toBe(2)
  })

  it('groups-fixed: before 4.19 all are in group 1, whatever is written', () => {
    const { cpu, read, write, privates } = vcpu('linux-4.13')
    write('IGROUPR0', 0)
    privates.raise(1)
    expect([read('IGROUPR0'), cpu.acknowledge()]).toEqual([0xffff_ffff, 0])
  })
})
