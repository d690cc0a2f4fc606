import { describe, expect, it, test } from 'vitest'
import { quirkSet } from '../../abi/index.ts'
import { DEVICE, DirectVm, linux } from './testing/direct-vm.ts'

const ready = (options = {}) => {
  const vm = new DirectVm(options)
  vm.direct.init()
  return vm
}

describe('forwarding an LPI', () => {
  it('lets hardware deliver it: KVM sees nothing of it any more', () => {
    const vm = ready()
    expect(vm.forward(0, 1)).toEqual([true, true])
    vm.direct.load(0, 2)
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(false)
    expect([vm.direct.acknowledge(0), vm.direct.acknowledge(0)]).toEqual([8192, 1023])
  })

  it('leaves the others to software', () => {
    const vm = ready()
    vm.forward(0)
    vm.msi(2)
    expect(vm.lpis.isPending(vm.handle(2))).toBe(true)
  })

  it('moves a pending latch into the hardware', () => {
    const vm = ready()
    vm.msi(4)
    vm.forward(4)
    expect(vm.lpis.isPending(vm.handle(4))).toBe(false)
    expect(vm.pending()).toEqual([4])
  })

  it('uses the configuration that the guest gave the LPI', () => {
    const vm = ready()
    vm.lpis.configure(vm.handle(0), 0x40)
    vm.forward(0)
    vm.direct.load(0, 0)
    vm.msi(0)
    expect(vm.direct.acknowledge(0)).toBe(1023)
    vm.lpis.configure(vm.handle(0), 0x41)
    expect(vm.direct.acknowledge(0)).toBe(8192)
  })

  test.each`
    because                              | prepare                                                        | answer
    ${'the event is not mapped'}         | ${(vm: DirectVm) => vm.live.unmap(DEVICE)}                     | ${false}
    ${'its collection is not mapped'}    | ${(vm: DirectVm) => vm.its.freeCollection(0)}                  | ${false}
    ${'the ITS is disabled'}             | ${(vm: DirectVm) => Object.assign(vm.its, { enabled: false })} | ${'EBUSY'}
    ${'LPIs are disabled on the target'} | ${(vm: DirectVm) => vm.gic.setEnableLpis(0, false)}            | ${'EBUSY'}
  `('answers $answer when $because', ({ prepare, answer }) => {
    const vm = ready()
    prepare(vm)
    const forward = () => vm.forward(0)[0]
    if (answer === false) expect(forward()).toBe(false)
    else expect(forward).toThrow(expect.objectContaining({ errno: answer }))
  })

  it('does nothing before the vPEs exist', () => {
    const vm = new DirectVm()
    expect(vm.forward(0)).toEqual([false])
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
  })

  it('is silent when the LPI is forwarded already, and refuses another interrupt for it', () => {
    const vm = ready()
    vm.forward(0)
    expect(vm.forward(0)).toEqual([true])
    expect(vm.direct.setForwarding(vm.its, vm.event(0), vm.irqs[1]!.irq)).toBe(false)
  })
})

describe('ending the forwarding', () => {
  it('brings a pending bit back into the latch', () => {
    const vm = ready()
    vm.forward(0, 1, 2)
    vm.msi(0)
    vm.msi(1)
    for (const eventId of [0, 1, 2]) expect(vm.unforward(eventId)).toBe(true)
    expect([0, 1, 2].map((eventId) => vm.lpis.isPending(vm.handle(eventId)))).toEqual([true, true, false])
  })

  it('does so while the vCPU runs, which goes on running where it was', () => {
    const vm = ready()
    vm.forward(0, 2)
    vm.lpis.configure(vm.handle(0), 0)
    vm.direct.load(0, 3)
    vm.msi(0)
    vm.msi(2)
    vm.unforward(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
    expect([vm.vpe(0).resident, vm.vpe(0).processor, vm.direct.acknowledge(0)]).toEqual([true, 3, 8194])
  })

  it.each([
    ['as Linux does', { quirks: quirkSet(['unset-forwarding-drops-pending']) }],
    ['on GICv4.0, whose tables cannot be read', { version: 'GICv4.0' }],
  ])('drops the pending bit %s', (_, options) => {
    const vm = ready(options)
    vm.forward(0)
    vm.msi(0)
    expect(vm.unforward(0)).toBe(true)
    expect(vm.pending()).toEqual([])
  })

  it('is part of every Linux that was read', () => {
    expect(linux('linux-6.12.117')['unset-forwarding-drops-pending']).toBe(true)
  })

  it('makes software deliver what comes next', () => {
    const vm = ready()
    vm.forward(0)
    vm.unforward(0)
    vm.msi(0)
    expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
  })

  it('answers false for an LPI that is not forwarded, or for another interrupt', () => {
    const vm = ready()
    vm.forward(0)
    expect(vm.unforward(1)).toBe(false)
    expect(vm.direct.unsetForwarding(vm.its, vm.event(0), vm.irqs[1]!.irq)).toBe(false)
  })
})

describe('what the guest does with a forwarded LPI reaches the hardware', () => {
  it('MOVI takes the pending bit to the other vPE', () => {
    const vm = ready()
    vm.forward(0)
    vm.msi(0)
    vm.lpis.retarget(vm.handle(0), 1)
    vm.direct.load(1, 1)
    expect(vm.direct.acknowledge(1)).toBe(8192)
  })

  it('CLEAR drops the pending bit', () => {
    const vm = ready()
    vm.forward(0)
    vm.msi(0)
    vm.lpis.clear(vm.handle(0))
    expect(vm.pending()).toEqual([])
  })

  it('INT, and any MSI that software injects, raises the vLPI', () => {
    const vm = ready()
    vm.forward(0)
    vm.lpis.raise(vm.handle(0))
    expect(vm.lpis.isPending(vm.handle(0))).toBe(false)
    expect(vm.pending()).toEqual([0])
  })

  it('DISCARD gives the interrupt back to the host, without its pending bit', () => {
    const vm = ready()
    vm.forward(0)
    vm.msi(0)
    vm.live.unmap(DEVICE)
    const { vpeid } = vm.vpe(0)
    expect(vm.host.hardware.virtual.vpe(vpeid)!.isPending(8192)).toBe(false)
    const reached: number[] = []
    vm.host.onIrq = (irq) => reached.push(irq)
    vm.msi(0)
    expect(reached).toEqual([vm.irqs[0]!.irq])
  })
})

it('tearing down gives every interrupt back and unmaps every vPE', () => {
  const vm = ready()
  vm.forward(0, 1)
  vm.direct.load(0, 1)
  const vpeids = vm.direct.vpes.map(({ vpeid }) => vpeid)
  vm.direct.teardown()
  expect(vpeids.map((vpeid) => vm.host.hardware.virtual.vpe(vpeid))).toEqual([undefined, undefined])
  vm.msi(0)
  expect(vm.lpis.isPending(vm.handle(0))).toBe(true)
  expect(vm.log.count('unpredictable')).toBe(0)
})
