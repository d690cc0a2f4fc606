import { describe, expect, it } from 'vitest'
import type { ProfileId } from '../abi/index.ts'
import { ModelSubject } from './model-subject.ts'
import { queued } from './queued.ts'
import type { Step } from './step.ts'

const list = [
  queued('MAPC', { icid: 1, rdBase: 0, valid: true }),
  queued('MAPD', { deviceId: 0, ittAddr: 0x40400000, size: 0, valid: true }),
  queued('MAPTI', { deviceId: 0, eventId: 0, pintid: 8192, icid: 1 }),
  queued('MAPC', { icid: 1, rdBase: 0, valid: false }),
]

/** A guest unmaps the collection of an event that it has mapped. */
const detached: readonly Step[] = [
  { op: 'create_vm', vcpus: 1, ram: [{ base: '0x40000000', size: '0x1000000' }], gic_init: true, its_base: '0x8080000' },
  { op: 'redist_write', cpu: 0, reg: 'GICR_PROPBASER', value: '0x4008078f' },
  { op: 'redist_write', cpu: 0, reg: 'GICR_PENDBASER', value: '0x40090780' },
  { op: 'redist_write', cpu: 0, reg: 'GICR_CTLR', value: '0x1' },
  { op: 'its_write', reg: 'GITS_CBASER', value: '0x8000000040010400' },
  { op: 'its_write', reg: 'GITS_BASER0', value: '0x8000000040100600' },
  { op: 'its_write', reg: 'GITS_BASER1', value: '0x8000000040180600' },
  { op: 'its_write', reg: 'GITS_CTLR', value: '0x1' },
  { op: 'commands', cwriter_before: '0x0', cwriter_written: '0x80', list },
]

describe('the host of a model', () => {
  it.each<[ProfileId, boolean]>([
    ['linux-6.6', true],
    ['linux-7.3', false],
  ])('of %s dies of a save that follows a NULL pointer: %s', (kernel, dies) => {
    const model = new ModelSubject(kernel)
    for (const step of detached) model.play(step)
    expect(model.hostDied).toBe(false)
    const answer = model.play({ op: 'its_save_tables' })
    expect(model.hostDied).toBe(dies)
    if (!dies) expect(answer).toEqual({ rc: '0' })
  })
})
