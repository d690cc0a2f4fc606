import { describe, expect, it } from 'vitest'
import { openCase, openFixture } from '../testing/fixtures.ts'
import { Bytes } from '../testing/stream-writer.ts'
import { DeviceState } from './device-state.ts'
import { handlingVcpus } from './gic-state.ts'
import type { Field } from './vmdescription.ts'

const field = (name: string, bytes: number, count: number, struct?: Field['struct']): Field => ({
  name,
  type: '',
  bytes,
  count,
  struct,
})

/** A GIC with the active priorities and ICC_CTLR_EL1 of each vCPU; both have two values of the latter. */
function gic(
  vcpus: readonly { readonly apr?: readonly number[]; readonly ctlr?: readonly [number, number] }[],
  controls = 2,
): DeviceState {
  const cpu = { fields: [field('icc_ctlr_el1', 8, controls), field('icc_apr', 8, 12)], subsections: [] }
  const state = new Bytes()
  for (const { apr = [], ctlr = [0x8c00, 0x8c00] } of vcpus) {
    for (let i = 0; i < controls; i++) state.u64(ctlr[i % 2]!)
    for (let i = 0; i < 12; i++) state.u64(apr[i] ?? 0)
  }
  const bytes = state.done()
  const fields = [field('cpu', 8 * (12 + controls), vcpus.length, cpu)]
  return new DeviceState(
    { device: { name: 'arm_gicv3', instance: 0, fields, subsections: [] }, offset: 0, bytes: bytes.length },
    bytes,
  )
}

describe('whether a vCPU handles an interrupt', () => {
  it('is told by an active priority of any group', () => {
    const last = Array.from({ length: 12 }, (_, i) => (i === 11 ? 1 : 0))
    expect(handlingVcpus(gic([{}, { apr: [1] }, { apr: last }, { apr: [0, 0, 0, 0, 0, 0, 0, 0, 0x100_0000] }]))).toEqual([
      false,
      true,
      true,
      true,
    ])
  })

  it('is not told by a kernel that drops priorities before it calls its handlers', () => {
    expect(handlingVcpus(gic([{ ctlr: [0x8c00, 0x8c02] }, { ctlr: [0x8c02, 0x8c00], apr: [1] }, {}]))).toEqual([
      undefined,
      undefined,
      false,
    ])
  })

  it('is not told by a section that does not have both registers of every vCPU', () => {
    expect(handlingVcpus(gic([{}, {}], 3))).toEqual([])
    expect(handlingVcpus(gic([]))).toEqual([])
  })

  it('is told of real VMs, those of which all RAM was blanked too', async () => {
    const told = async (machine: ReturnType<typeof openFixture>) => (await machine).vcpus.map(({ isHandling }) => isHandling)
    expect(await told(openFixture('healthy'))).toEqual([false, false])
    expect(await told(openFixture('nvme72-s1'))).toEqual([false, false, true, false])
    expect(await told(openCase('pending-packed'))).toEqual([false, false])
  })
})
