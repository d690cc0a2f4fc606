import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../abi/index.ts'
import { audit, setScenes, whyHang } from './index.ts'
import { owing } from './testing/owing-vm.ts'
import { PlantedVm, pciFunction } from './testing/planted-vm.ts'

const named = (deviceId: number, model: string, events: readonly number[]): MsiFunction => ({
  ...pciFunction(deviceId, events),
  name: `0000:00:0${deviceId / 8}.0/${model}`,
})
/** A port, a disk and a network card. */
const machine = [named(8, 'pcie-root-port', [0]), named(16, 'virtio-blk', [0, 1]), named(24, 'virtio-net', [0])]

const healthy = () =>
  new PlantedVm()
    .map(8, { 0: [8200, 0] })
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0] })
    .save()

function asked(vm: PlantedVm, msi: readonly MsiFunction[] = machine) {
  const { answer, findings, others } = whyHang(setScenes({ ...vm.input(), msi }).map(audit))
  return { answer, order: findings.map(({ finding, hang }) => `${finding.code} ${hang}`), others }
}

describe('why a guest would hang', () => {
  it('is not found in a healthy VM, and what was not looked at is said', () => {
    expect(asked(healthy())).toEqual({
      answer:
        'Nothing found that would hang this guest after a restore. Not looked at: the notifications of virtqueues (the file tells of none in use).',
      order: [],
      others: 0,
    })
  })

  it('is not found, and not denied, where what the guest has mapped is known in part', () => {
    expect(asked(healthy().clearRing()).answer).toContain(
      ' Known in part: what the guest has mapped (no witness knows all of it). Not looked at:',
    )
  })

  it('is the disk that loses its interrupts before the network card that does, and the port goes last', () => {
    const { answer, order } = asked(healthy().dte(8, { valid: false }).dte(16, { valid: false }).dte(24, { valid: false }))
    expect(answer).toBe('The disk at 00:02.0 waits for ever: its interrupts do not come back, nor do those of 2 more devices.')
    expect(order.slice(0, 1)).toEqual([expect.stringMatching(/ lost$/)])
  })

  it('is one of its interrupts where the others come back', () => {
    const { answer } = asked(healthy().ite(16, 0, { pintid: 8192, icid: 0, next: 0 }))
    expect(answer).toBe('The disk at 00:02.0 waits for ever: 1 of its 2 interrupts do not come back.')
  })

  it('is nothing that waits where only a port loses its interrupts', () => {
    const { answer, order } = asked(healthy().dte(8, { valid: false }))
    expect(answer).toMatch(/^No input or output waits for ever, but the PCIe port at 00:01\.0 loses its interrupts/)
    expect(order).toEqual(['D209 bus'])
  })

  it('is no hang where the restore fails, and what follows once that is mended', () => {
    const stale = healthy()
      .map(40, { 0: [8199, 0] })
      .save()
      .unmap(40)
      .ite(40, 0, { pintid: 8199, icid: 77 })
    expect(asked(stale).answer).toBe(
      'This guest does not hang, it does not come back at all: EINVAL at a stale entry of DeviceID 0x28.',
    )
    expect(asked(stale).order).toEqual(['D203 stops'])
    const both = stale.dte(16, { size: 4, next: 0, ittAddr: stale.itt(16) })
    expect(asked(both).answer).not.toContain('Once that is mended')
  })

  it('is an interrupt that comes as another, and less surely one that is pending where no restore reads it', () => {
    const vm = healthy().ite(16, 1, { pintid: 8195, icid: 1 })
    vm.pend(1, 8194)
    const { answer, order } = asked(vm)
    expect(order).toEqual(expect.arrayContaining(['L404 perhaps', 'I308 astray']))
    expect(order.indexOf('L404 perhaps')).toBeGreaterThan(order.indexOf('I308 astray'))
    expect(answer).toMatch(/^The disk at 00:02\.0 may wait for ever: its interrupts come as others\. /)
    expect(asked(healthy().ite(16, 1, { pintid: 8195, icid: 1 })).answer).toMatch(
      /^The disk at 00:02\.0 may wait for ever: its interrupts come as others\. Event 1 of DeviceID 0x10 comes back as LPI 8195/,
    )
  })

  it('is every device where the ITS is not enabled, and a vCPU that takes no LPIs', () => {
    const off = healthy()
    off.its = { cbaser: 0n }
    expect(asked(off).answer).toMatch(/^Every device waits for ever: GITS_CTLR\.Enabled was saved as 1/)
    const deaf = healthy()
    deaf.redistributors[1] = { ...deaf.redistributors[1]!, ctlr: 0 }
    expect(asked(deaf)).toMatchObject({
      answer: expect.stringMatching(/^Devices may wait for ever: LPIs are disabled on vCPU 1/),
      order: ['R105 disabled'],
    })
  })

  it('is not what is dead and comes back, nor what does no harm', () => {
    const { answer, order, others } = asked(healthy().unmap(24), machine.slice(0, 2))
    // The orphan, and that the queue does not tell all.
    expect([answer, order, others]).toEqual([expect.stringMatching(/^Nothing found/), [], 2])
  })

  it('is an interrupt that a disk waits for, and perhaps one of a network card', () => {
    const whyOf = (vm: PlantedVm) => whyHang(setScenes(vm.input()).map(audit))
    const lost = whyOf(owing())
    expect([lost.answer, lost.findings.map(({ hang }) => hang)]).toEqual([
      'The disk at 00:01.0 waits for ever for an interrupt that was lost.',
      ['missed'],
    ])
    const perhaps = whyOf(owing({ kind: 'net' }))
    expect(perhaps.findings.map(({ hang }) => hang)).toEqual(['perhaps'])
    expect(perhaps.answer).toMatch(
      /^The network card at 00:01\.0 may wait for ever: The interrupt of receive queue 0 .* may be lost/,
    )
    expect(whyOf(owing({ isPending: true })).answer).toBe(
      'Nothing found that would hang this guest after a restore. Known in part: the notifications of 1 virtqueue (not of 1 device without virtqueues).',
    )
  })
})
