import { describe, expect, it } from 'vitest'
import { setScene, viewFrom } from '../audit/index.ts'
import { auditCase } from '../audit/testing/audit-fixture.ts'
import { planOne } from './testing/plan-one.ts'

describe('the repair of a VM whose guest is not made like Linux', () => {
  it('writes nothing where the ring was begun anew and the tables are right', async () => {
    const input = await auditCase('odd-reinit-s1')
    expect(planOne(input, { allow: 'everything', strict: true }).writes).toEqual([])
  })

  it('loses neither of two devices with one ITT of which nobody knows which is live, and does not call that proven', async () => {
    const input = await auditCase('odd-clear-s1')
    expect(planOne(input, { allow: 'proven' }).writes).toEqual([])
    const { writes, obstacles, memory } = planOne(input, { allow: 'everything' })
    const restored = viewFrom(setScene({ ...input, memory }), 'restored').devices.map(({ deviceId }) => deviceId)
    expect(restored).toEqual(expect.arrayContaining([7, 9, 12, 32, 256]))
    expect(new Set(writes.map(({ because }) => because))).toEqual(new Set(['next in its chain']))
    expect(obstacles).toHaveLength(1)
  })
})
