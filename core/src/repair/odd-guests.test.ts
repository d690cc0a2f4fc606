import { describe, expect, it } from 'vitest'
import { profiles } from '../abi/index.ts'
import { setScene, viewFrom } from '../audit/index.ts'
import { auditCase } from '../audit/testing/audit-fixture.ts'
import { planOne } from './testing/plan-one.ts'

describe('the repair of a VM whose guest is not made like Linux', () => {
  it('writes nothing where the ring was begun anew and the tables are right', async () => {
    const input = await auditCase('odd-reinit-s1')
    expect(planOne(input, { allow: 'everything', strict: true }).writes).toEqual([])
  })

  it('brings back both of two devices with one ITT of which nobody knows which is live, and does not call that proven', async () => {
    const saved = await auditCase('odd-clear-s1')
    const input = { ...saved, profile: profiles['linux-7.3'] }
    expect(planOne(input, { allow: 'proven' }).writes).toEqual([])
    const { writes, obstacles, memory } = planOne(input, { allow: 'everything' })
    const { devices } = viewFrom(setScene({ ...input, memory }), 'restored')
    expect(devices.map(({ deviceId, events }) => [deviceId, events.length])).toEqual([
      [2, 4],
      [7, 4],
      [9, 4],
      [12, 1],
      [32, 4],
      [256, 4],
      [384, 4],
    ])
    expect(new Set(writes.map(({ because }) => because))).toEqual(new Set(['next in its chain']))
    expect(obstacles).toEqual([])
    // A kernel that maps an LPI once brings back one of the two, and it may be the wrong one.
    expect(planOne(saved, { allow: 'everything' }).obstacles).not.toEqual([])
  })
})
