import { describe, expect, it } from 'vitest'
import type { Qmp } from './qmp.ts'
import { vmFacts } from './vm-facts.ts'

const GIB = 2 ** 30

const asked = (answers: Readonly<Record<string, unknown>>) => {
  const usual: Readonly<Record<string, unknown>> = {
    'query-kvm': { enabled: true, present: true },
    'qom-get': 'virt-11.1-machine',
    'query-memory-size-summary': { 'base-memory': 1.5 * GIB, 'plugged-memory': 0 },
    'query-memory-devices': [],
    ...answers,
  }
  return vmFacts({ execute: async (command) => usual[command] } as Pick<Qmp, 'execute'> as Qmp)
}

describe('what QEMU tells of a VM', () => {
  it('has the RAM that it was started with at 1 GiB', async () => {
    expect(await asked({})).toEqual({ machine: 'virt-11.1', ram: [{ base: GIB, bytes: 1.5 * GIB }], unlocated: [] })
  })

  it('has memory that was plugged where its device says, and of virtio-mem all that it may have', async () => {
    const devices = [
      { type: 'dimm', data: { addr: 4 * GIB, size: GIB, slot: 0 } },
      { type: 'virtio-mem', data: { memaddr: 8 * GIB, size: 0, 'max-size': 2 * GIB } },
    ]
    expect(await asked({ 'query-memory-devices': devices })).toMatchObject({
      ram: [
        { base: GIB, bytes: 1.5 * GIB },
        { base: 4 * GIB, bytes: GIB },
        { base: 8 * GIB, bytes: 2 * GIB },
      ],
      unlocated: [],
    })
  })

  it('may have RAM anywhere behind, where a device does not say', async () => {
    const devices = [
      { type: 'dimm', data: { addr: 4 * GIB, size: GIB } },
      { type: 'hv-balloon', data: {} },
    ]
    expect((await asked({ 'query-memory-devices': devices })).unlocated).toEqual([
      { base: 3 * GIB, bytes: GIB },
      { base: 5 * GIB, bytes: 2 ** 48 - 5 * GIB },
    ])
  })

  it.each([
    ['query-kvm', { enabled: false, present: true }, 'without KVM'],
    ['query-kvm', 'yes', 'without KVM'],
    ['qom-get', 'sbsa-ref-machine', 'a "sbsa-ref" and not'],
    ['query-memory-size-summary', {}, 'base memory has undefined bytes'],
    ['query-memory-size-summary', { 'base-memory': -4096 }, 'base memory has -4096 bytes'],
    ['query-memory-size-summary', { 'base-memory': 4097 }, 'base memory has 4097 bytes'],
    ['query-memory-devices', [{ type: 'dimm', data: { addr: 4 * GIB, size: '1G' } }], "a memory device has '1G' bytes"],
  ])('is refused when %s answers %j', async (command, answer, says) => {
    await expect(asked({ [command]: answer })).rejects.toThrow(says)
  })
})
