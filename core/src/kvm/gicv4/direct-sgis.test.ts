import { describe, expect, it } from 'vitest'
import { DirectSgis } from './direct-sgis.ts'
import { DirectVm } from './testing/direct-vm.ts'

const enabled = { enabled: true, group1: true, priority: 0xa0 }

function withSgis(options = {}) {
  const vm = new DirectVm(options)
  return { vm, sgis: new DirectSgis(vm.direct, 2) }
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

  it('stay in software without GICv4.1', () => {
    const { sgis } = withSgis({ version: 'GICv4.0' })
    sgis.setPending(0, 5, true)
    sgis.setInHardware(true)
    expect([sgis.inHardware, sgis.pending(0)]).toEqual([false, 1 << 5])
  })

  it('that the hardware never answers for are ENXIO', () => {
    const { sgis } = withSgis({ latency: Number.POSITIVE_INFINITY })
    sgis.setInHardware(true)
    expect(() => sgis.pending(0)).toThrow(expect.objectContaining({ errno: 'ENXIO' }))
  })
})
