import { describe, expect, it, test } from 'vitest'
import { DirectVm } from '../../conformance/vlpi/testing/direct-vm.ts'
import { attempt } from '../../memory/index.ts'

describe('forwarding an LPI', () => {
  it('lets hardware deliver it: KVM sees nothing of it any more', () => {
    const vm = new DirectVm()
    expect(vm.forwardOnly(0, 1)).toEqual([true, true])
    vm.vm.loadVcpu(0, 2)
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(false)
    expect([vm.direct.acknowledge(0), vm.direct.acknowledge(0)]).toEqual([8192, 1023])
  })

  it('leaves the others to software', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.msi(2)
    expect(vm.lpis.isPending(vm.handle(2))).toBe(true)
  })

  it('moves a pending latch into the hardware', () => {
    const vm = new DirectVm()
    vm.msi(4)
    vm.forwardOnly(4)
    expect(vm.lpis.isPending(vm.handle(4))).toBe(false)
    expect(vm.pending()).toEqual([4])
  })

  it('uses the configuration that the guest gave the LPI, and follows INV', () => {
    const vm = new DirectVm()
    vm.configure(0, 0x40)
    vm.forwardOnly(0)
    vm.vm.loadVcpu(0)
    vm.msi(0)
    expect(vm.take(0)).toBeUndefined()
    vm.configure(0, 0x41)
    expect(vm.take(0)).toBe(0)
  })

  test.each`
    because                              | prepare                                                                 | answer
    ${'the event is not mapped'}         | ${(vm: DirectVm) => vm.command('DISCARD', { deviceId: 0, eventId: 0 })} | ${false}
    ${'its collection is not mapped'}    | ${(vm: DirectVm) => vm.command('MAPC', { icid: 0, valid: false })}      | ${false}
    ${'the ITS is disabled'}             | ${(vm: DirectVm) => Object.assign(vm.its.its, { enabled: false })}      | ${'EBUSY'}
    ${'LPIs are disabled on the target'} | ${(vm: DirectVm) => vm.vm.gic.setEnableLpis(0, false)}                  | ${'EBUSY'}
  `('answers $answer when $because, and software goes on', ({ prepare, answer }) => {
    const vm = new DirectVm()
    prepare(vm)
    if (answer === false) expect(vm.setForwarding(0)).toBe(false)
    else expect(() => vm.setForwarding(0)).toThrow(expect.objectContaining({ errno: answer }))
    expect(vm.bypass(0)).toBe(false)
  })

  it('is silent when the LPI is forwarded already, and refuses another interrupt for it', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    expect(vm.setForwarding(0)).toBe(true)
    expect(vm.setForwarding(0, vm.irqs[1]!.irq)).toBe(false)
  })

  it('leaves an LPI to software whose vCPU came after the vPEs were made', () => {
    const vm = new DirectVm()
    vm.vm.createVcpu()
    vm.vm.gic.setEnableLpis(2, true)
    vm.command('MAPC', { icid: 2, rdBase: 2, valid: true })
    vm.movi(0, 2)
    expect(vm.setForwarding(0)).toBe(false)
  })
})

describe('ending the forwarding', () => {
  it.each([
    ['GICv4.1, whose table could be read', { version: 'GICv4.1' }],
    ['GICv4.1 under Linux 5.10', { version: 'GICv4.1', kernel: 'linux-5.10.223' }],
    ['GICv4.0, whose table cannot', { version: 'GICv4.0' }],
  ] as const)('drops what is pending in hardware, and nothing else: %s', (_, options) => {
    const vm = new DirectVm(options)
    vm.forwardOnly(0, 1)
    for (const n of [0, 1, 2]) vm.msi(n)
    expect(vm.unsetForwarding(0)).toBe(true)
    expect([vm.pending(), vm.isForwarded(0)]).toEqual([[1, 2], false])
  })

  it('makes software deliver what comes next', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.unsetForwarding(0)
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
  })

  it('answers false for an LPI that is not forwarded, or for another interrupt', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    expect(vm.unsetForwarding(1)).toBe(false)
    expect(vm.unsetForwarding(0, vm.irqs[1]!.irq)).toBe(false)
  })
})

describe('an interrupt of a passed-through device', () => {
  it('is injected by KVM until its event is mapped, and then delivered by hardware', () => {
    const vm = new DirectVm()
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
    expect(vm.bypass(0)).toBe(true)
    expect(vm.isForwarded(0)).toBe(true)
  })

  it('is nobody’s once it is disconnected: what was pending in hardware is lost, what waits in the latch is not', () => {
    const vm = new DirectVm()
    vm.bypass(0)
    vm.msi(0)
    vm.msi(2)
    for (const n of [0, 2]) vm.vm.assigned!.disconnect(vm.irqs[n]!.irq)
    expect(vm.pending()).toEqual([2])
    vm.vm.loadVcpu(0)
    expect([vm.take(0), vm.take(0)]).toEqual([2, undefined])
    vm.msi(0)
    expect(vm.pending()).toEqual([])
  })

  it('is not taken by hardware when it is routed elsewhere than to an ITS, or not at all', () => {
    const vm = new DirectVm()
    const { irq } = vm.irqs[0]!
    vm.vm.assigned!.route(irq, { address: 0, deviceId: 0, eventId: 0, flags: 1 })
    expect(vm.bypass(0)).toBe(false)
    vm.vm.assigned!.disconnect(irq)
    expect(vm.bypass(0)).toBe(false)
  })

  it('cannot be one that no device of the host has', () => {
    const vm = new DirectVm()
    expect(() => vm.vm.assigned!.route(1, { address: 0, deviceId: 0, eventId: 0, flags: 0 })).toThrow(RangeError)
  })

  it('is EINVAL when its route has a flag that no MSI has', () => {
    const vm = new DirectVm()
    const msi = { address: 0, deviceId: 0, eventId: 0, flags: 2 }
    expect(attempt(() => vm.vm.assigned!.route(1, msi))).toMatchObject({ errno: 'EINVAL' })
  })
})

describe('what the guest does with a forwarded LPI reaches the hardware', () => {
  it('MOVI takes the pending bit to the other vPE', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.msi(0)
    vm.movi(0, 1)
    vm.vm.loadVcpu(1, 1)
    expect(vm.direct.acknowledge(1)).toBe(8192)
  })

  it('MOVALL takes those of all LPIs', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0, 2)
    vm.msi(0)
    vm.msi(2)
    vm.command('MOVALL', { rdBase: 0, rdBase2: 1 })
    vm.vm.loadVcpu(1, 1)
    expect([vm.take(1), vm.take(1)]).toEqual([0, 2])
  })

  it('CLEAR drops the pending bit', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.msi(0)
    vm.clear(0)
    expect(vm.pending()).toEqual([])
  })

  it('INT raises the vLPI', () => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.command('INT', { deviceId: 0, eventId: 0 })
    expect(vm.lpis.isPending(vm.handle(0))).toBe(false)
    expect(vm.pending()).toEqual([0])
  })

  it('INVALL makes hardware read every configuration byte of the vCPU again', () => {
    const vm = new DirectVm()
    vm.configure(0, 0x40)
    vm.forwardOnly(0)
    vm.vm.loadVcpu(0)
    vm.msi(0)
    vm.vm.memory.setU8(vm.vm.gic.configAt(8192), 0x41)
    expect(vm.take(0)).toBeUndefined()
    vm.command('INVALL', { icid: 0 })
    expect(vm.take(0)).toBe(0)
  })

  it.each([
    ['DISCARD', (vm: DirectVm) => vm.command('DISCARD', { deviceId: 0, eventId: 0 })],
    ['MAPD', (vm: DirectVm) => vm.command('MAPD', { deviceId: 0, valid: false })],
    ['a reset of the ITS', (vm: DirectVm) => vm.its.its.reset()],
  ])('%s gives the interrupt back to the host, without its pending bit', (_, unmap) => {
    const vm = new DirectVm()
    vm.forwardOnly(0)
    vm.msi(0)
    unmap(vm)
    expect(vm.host.hardware.virtual.vpe(vm.vpe(0).vpeid)!.isPending(8192)).toBe(false)
    let reached = 0
    vm.host.requestIrq(vm.irqs[0]!.irq, () => {
      reached += 1
    })
    vm.msi(0)
    expect(reached).toBe(1)
  })
})

it('tearing down gives every interrupt back and unmaps every vPE', () => {
  const vm = new DirectVm()
  vm.forwardOnly(0, 1)
  vm.vm.loadVcpu(0, 1)
  const vpeids = vm.direct.vpes.map(({ vpeid }) => vpeid)
  vm.direct.teardown()
  expect(vpeids.map((vpeid) => vm.host.hardware.virtual.vpe(vpeid))).toEqual([undefined, undefined])
  vm.msi(0)
  expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
  expect(vm.log.count('unpredictable')).toBe(0)
})
