import { describe, expect, it } from 'vitest'
import { GICD, GICD_CTLR, GICD_TYPER2 } from '../../abi/index.ts'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'
import { distributorFrame } from '../../its/index.ts'

const enabled = { enabled: true, group1: true, priority: 0xa0 }

function withSgis(options = {}) {
  const vm = new DirectVm(options)
  return { vm, sgis: vm.vm.sgis! }
}

describe('the SGIs of a vCPU', () => {
  it('take configuration and pending state along into the hardware and back', () => {
    const { vm, sgis } = withSgis()
    sgis.configure(1, 3, enabled)
    sgis.setPending(1, 3, true)
    sgis.setPending(1, 7, true)
    sgis.setInHardware(true)
    expect(sgis.pending(1)).toBe((1 << 3) | (1 << 7))
    vm.vm.loadVcpu(1, 2)
    expect([vm.direct.acknowledge(1), vm.direct.acknowledge(1)]).toEqual([3, 1023])
    sgis.setInHardware(false)
    expect(sgis.pending(1)).toBe(1 << 7)
    expect(vm.host.hardware.virtual.vpe(vm.vpe(1).vpeid)!.pendingSgis).toBe(0)
  })

  it('are raised and cleared directly while they are there', () => {
    const { vm, sgis } = withSgis()
    sgis.setInHardware(true)
    sgis.configure(0, 1, enabled)
    for (const sgi of [1, 2]) sgis.setPending(0, sgi, true)
    sgis.setPending(0, 2, false)
    expect(sgis.pending(0)).toBe(1 << 1)
    vm.vm.loadVcpu(0, 0)
    expect(vm.direct.acknowledge(0)).toBe(1)
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

  it('do not exist for the guest without GICv4.1', () => {
    const vm = new DirectVm({ version: 'GICv4.0' })
    const { gic, sgis } = vm.vm
    distributorFrame.write(gic, GICD.CTLR, 4, 0n)
    distributorFrame.write(gic, GICD.CTLR, 4, GICD_CTLR.pack({ enableGrp1: true, nassgiReq: true }))
    expect(sgis).toBeUndefined()
    expect(GICD_CTLR.unpack(distributorFrame.read(gic, GICD.CTLR, 4)).nassgiReq).toBe(false)
    expect(distributorFrame.read(gic, GICD.TYPER2, 4)).toBe(0n)
  })

  it('that the hardware never answers for are ENXIO', () => {
    const { sgis } = withSgis({ latency: Number.POSITIVE_INFINITY })
    sgis.setInHardware(true)
    expect(() => sgis.pending(0)).toThrow(expect.objectContaining({ errno: 'ENXIO' }))
  })
})
