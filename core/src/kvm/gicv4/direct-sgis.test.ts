import { describe, expect, it } from 'vitest'
import { GICD, GICD_CTLR, GICD_TYPER2, GICR_SGI, KVM_DEV_ARM_VGIC_GRP as GRP, redistributorAttr } from '../../abi/index.ts'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'
import { distributorFrame } from '../../its/index.ts'
import { VsgiDriver } from './vsgi-driver.ts'

function withSgis(options = {}) {
  const vm = new DirectVm(options)
  return { vm, sgis: vm.vm.sgis!, of: (vcpu: number) => vm.vm.gic.redistributors[vcpu]!.privates }
}

describe('the SGIs of a vCPU', () => {
  it('take configuration and pending state along into the hardware and back', () => {
    const { vm, sgis, of } = withSgis()
    of(1).setEnabled(1 << 7, false)
    of(1).setPriority(3, 0xa0)
    of(1).raise((1 << 3) | (1 << 7))
    sgis.request(true)
    expect(of(1).latched).toBe((1 << 3) | (1 << 7))
    vm.vm.loadVcpu(1, 2)
    expect([vm.direct.acknowledge(1), vm.direct.acknowledge(1)]).toEqual([3, 1023])
    sgis.request(false)
    expect(of(1).latched).toBe(1 << 7)
    expect(vm.host.hardware.virtual.vpe(vm.vpe(1).vpeid)!.pendingSgis).toBe(0)
  })

  it('are raised and cleared directly while they are there', () => {
    const { vm, sgis, of } = withSgis()
    sgis.request(true)
    of(0).raise((1 << 1) | (1 << 2))
    of(0).clear(1 << 2)
    expect(of(0).latched).toBe(1 << 1)
    vm.vm.loadVcpu(0, 0)
    expect(vm.direct.acknowledge(0)).toBe(1)
  })

  it('are taken there by priority, and only those that the guest has enabled in group 1', () => {
    const { vm, sgis, of } = withSgis()
    sgis.request(true)
    for (const [sgi, priority] of [0x40, 0x20, 0x30, 0x10, 0x80].entries()) of(0).setPriority(sgi, priority)
    of(0).setEnabled(1 << 1, false)
    of(0).setGroup1(~(1 << 3))
    of(0).raise(0b11111)
    vm.vm.loadVcpu(0, 0)
    const taken = Array.from({ length: 4 }, () => vm.direct.acknowledge(0))
    expect(taken).toEqual([2, 0, 4, 1023])
    of(0).setEnabled(1 << 1, true)
    expect([vm.direct.acknowledge(0), of(0).latched]).toEqual([1, 1 << 3])
  })

  it('have no active state there', () => {
    const { sgis, of } = withSgis()
    sgis.request(true)
    of(0).setActive(0x1_0010, true)
    expect(of(0).active).toBe(0x1_0000)
  })

  it('of a vCPU that came after the vPEs stay with software', () => {
    const { vm, sgis, of } = withSgis()
    vm.vm.createVcpu()
    sgis.request(true)
    of(2).raise(1 << 4)
    expect([of(2).hardware, of(2).latched]).toEqual([undefined, 1 << 4])
  })

  it('go there when the guest sets GICD_CTLR.nASSGIreq, which it can do only while the distributor is disabled', () => {
    const { vm, sgis } = withSgis()
    const { gic } = vm.vm
    const write = (fields: Parameters<typeof GICD_CTLR.pack>[0]) =>
      distributorFrame.write(gic, GICD.CTLR, 4, GICD_CTLR.pack(fields))
    const read = () => GICD_CTLR.unpack(distributorFrame.read(gic, GICD.CTLR, 4))
    expect(GICD_TYPER2.unpack(distributorFrame.read(gic, GICD.TYPER2, 4)).nassgiCap).toBe(true)
    write({ enableGrp1: true, nassgiReq: true })
    expect([read().nassgiReq, sgis.inHardware]).toEqual([false, false])
    write({})
    write({ enableGrp1: true, nassgiReq: true })
    expect([read().nassgiReq, sgis.inHardware]).toEqual([true, true])
    write({ enableGrp1: true })
    expect(read().nassgiReq).toBe(true)
  })

  it('go there with the first vCPU that runs when it is user space that has written nASSGIreq', () => {
    const { vm, sgis, of } = withSgis()
    const ctlr = GICD_CTLR.pack({ enableGrp1: true, nassgiReq: true })
    expect(vm.gic.setAttr(GRP.DIST_REGS, BigInt(GICD.CTLR), ctlr).ok).toBe(true)
    of(0).raise(1 << 6)
    const told = vm.gic.getAttr(GRP.DIST_REGS, BigInt(GICD.CTLR))
    expect([told.ok && GICD_CTLR.unpack(told.value).nassgiReq, sgis.inHardware]).toEqual([true, false])
    vm.vm.loadVcpu(1, 0)
    expect([sgis.inHardware, of(0).latched]).toEqual([true, 1 << 6])
    vm.vm.putVcpu(1)
    vm.gic.setAttr(GRP.DIST_REGS, BigInt(GICD.CTLR), GICD_CTLR.pack({ enableGrp1: true }))
    vm.vm.loadVcpu(1, 0)
    expect(sgis.inHardware).toBe(true)
  })

  it('that user space enables are not told to the hardware that has them', () => {
    const { vm, sgis, of } = withSgis()
    of(0).setEnabled(1 << 5, false)
    sgis.request(true)
    vm.gic.setAttr(GRP.REDIST_REGS, redistributorAttr(0, GICR_SGI.ISENABLER0), 1n << 5n)
    of(0).raise(1 << 5)
    vm.vm.loadVcpu(0, 0)
    expect([of(0).enabled, vm.direct.acknowledge(0)]).toEqual([0xffff, 1023])
  })

  it('do not exist for the guest without GICv4.1', () => {
    const vm = new DirectVm({ version: 'GICv4.0' })
    const { gic, sgis } = vm.vm
    distributorFrame.write(gic, GICD.CTLR, 4, 0n)
    distributorFrame.write(gic, GICD.CTLR, 4, GICD_CTLR.pack({ enableGrp1: true, nassgiReq: true }))
    expect(sgis).toBeUndefined()
    expect(GICD_CTLR.unpack(distributorFrame.read(gic, GICD.CTLR, 4)).nassgiReq).toBe(false)
    expect(distributorFrame.read(gic, GICD.TYPER2, 4)).toBe(0n)
  })

  it('that the hardware never answers for read as not pending', () => {
    const { vm, sgis, of } = withSgis({ latency: Number.POSITIVE_INFINITY })
    sgis.request(true)
    of(0).raise(1 << 2)
    expect(vm.gic.getAttr(GRP.REDIST_REGS, redistributorAttr(0, GICR_SGI.ISPENDR0))).toEqual({ ok: true, value: 0n })
    const driver = new VsgiDriver(vm.host)
    expect(() => driver.pending(vm.vpe(0))).toThrow(expect.objectContaining({ errno: 'ENXIO' }))
  })
})
