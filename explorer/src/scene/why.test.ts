import { inspect } from '@vits/core/inspect'
import { describe, expect, it } from 'vitest'
import { evidenceWords, findingEffect, findingGroups } from '../../../cli/src/render/finding-text.ts'
import { openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { plantedMachine, twoItses } from '../../../core/src/inspect/testing/planted-machine.ts'
import { type FindingWords, factsOf, kernelChips, planFacts, reasonsOf, trapOf } from './index.ts'

const words: FindingWords = { groups: findingGroups, effect: findingEffect, evidence: evidenceWords }

describe('why a VM does not come back', () => {
  it('is told in the order in which things bite', async () => {
    const reasons = reasonsOf((await inspect(await openFixture('scattered-unrestorable'))).audit(), words)
    expect(reasons.map(({ code, severity, count }) => [code, severity, count])).toEqual([
      ['D203', 'fails', 1],
      ['D207', 'corrupts', 1],
      ['I305', 'corrupts', 1],
      ['D204', 'latent', 3],
    ])
    expect(reasons[0]).toMatchObject({
      effect: 'restore fails: EINVAL at DeviceID 0x5200 event 0',
      says: 'DeviceID 0x5200 is still valid in the device table; the guest unmapped it.',
      places: [{ deviceId: 0x5200, eventId: undefined }],
      fixes: ['clear 0x44049000, 8 bytes'],
      isSafe: true,
    })
  })

  it('warns of clearing only the entry that KVM names', async () => {
    expect(trapOf((await inspect(await openFixture('scattered-unrestorable'))).scenes)).toEqual({
      place: 'DeviceID 0x5200 event 0',
      at: '0x44049000',
      fails: '',
      lost: 40,
      lostDevices: 7,
      revived: 9,
    })
  })

  it('warns of nothing where that mends it, or nothing fails', async () => {
    expect(trapOf((await inspect(await openFixture('unrestorable.repaired'))).scenes)).toBeUndefined()
    expect(trapOf((await inspect(plantedMachine(twoItses()))).scenes)).toBeUndefined()
  })
})

describe('the facts of a VM', () => {
  it('are one sentence and three counts', async () => {
    const inspection = await inspect(await openFixture('scattered-unrestorable'))
    expect(factsOf(inspection.audit(), inspection.judge(), false)).toMatchObject({
      title: 'This VM will not come back',
      headline: 'Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.',
      guest: { devices: 20, events: 91 },
      tables: { devices: 25, events: 113 },
      restored: { devices: 0, events: 0 },
      notes: { guest: '752 commands, history whole', tables: '5 stale devices', restored: 'stops after 10 devices' },
    })
    expect(kernelChips(inspection.judge()).map(({ name, says }) => [name, says])).toEqual([
      ['4.13, 5.10', 'EFAULT'],
      ['5.10.223 to 7.3.4', 'EINVAL'],
    ])
    const plan = planFacts(inspection.plan())
    expect(plan).toMatchObject({ words: 5, registers: 0, obstacles: [], lost: 0 })
    expect(plan.chips.map(({ name, says }) => [name, says])).toEqual([
      ['4.13, 5.10', 'EFAULT'],
      ['5.10.223 to 7.3.4', 'restores'],
    ])
    expect(plan.writes[2]).toMatchObject({ at: '0x44049000', id: 'DTE of DeviceID 0x5200', from: '80020000_08804743', to: '0' })
  })

  it('of several ITSes are of all together, and name each', async () => {
    const facts = factsOf((await inspect(plantedMachine(twoItses()))).audit(), [], false)
    expect(facts).toMatchObject({ verdict: 'corrupts', title: 'This VM comes back broken', guest: { devices: 3 } })
    expect(facts.itses.map(({ index, verdict }) => [index, verdict])).toEqual([
      [0, 'restores'],
      [1, 'corrupts'],
    ])
  })
})
