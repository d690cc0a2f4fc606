import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { DTE, ENTRY_BYTES, ITE, queueShape } from '../abi/index.ts'
import { type AuditInput, setScene, viewFrom } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { tableView } from '../tables/index.ts'
import { type ListedDevice, listTables } from './testing/listed-tables.ts'
import { planOne } from './testing/plan-one.ts'

let healthy: AuditInput
let devices: ListedDevice[]
beforeAll(async () => {
  healthy = await auditFixture('healthy')
  devices = listTables(healthy.memory, tableView(healthy.registers))
})

interface Damage {
  readonly kind: 'stale device' | 'rubbish event' | 'wrong next' | 'lost event' | 'lost device' | 'collections'
  /** Whatever picks the place and the words. */
  readonly a: number
  readonly b: number
  readonly c: number
}

const damages: fc.Arbitrary<Damage[]> = fc.array(
  fc.record({
    kind: fc.constantFrom<Damage['kind']>(
      'stale device',
      'rubbish event',
      'wrong next',
      'lost event',
      'lost device',
      'collections',
    ),
    a: fc.nat(0xffff),
    b: fc.nat(0xffff),
    c: fc.nat(0xffff),
  }),
  { minLength: 1, maxLength: 6 },
)

/** Memory that is loaded, and some that is not there at all, for a stale entry to take for its ITT. */
function somewhere(c: number): number {
  const { base } = queueShape(healthy.registers.itses[0]!.cbaser)
  const places = [base, devices[0]!.ittAddr, devices.at(-1)!.ittAddr, tableView(healthy.registers).collectionTable.base, 0x1000]
  return places[c % places.length]!
}

function apply(memory: GuestMemory, { kind, a, b, c }: Damage): void {
  const device = devices[a % devices.length]!
  const event = device.events[b % Math.max(1, device.events.length)]
  const put = (at: Gpa, { lo, hi }: { lo: number; hi: number }) => memory.setWord(at, lo, hi)
  if (kind === 'stale device') {
    const deviceId = a % 1024
    const { base } = { base: devices[0]!.at - devices[0]!.id * ENTRY_BYTES }
    if (devices.some(({ id }) => id === deviceId)) return
    put((base + deviceId * ENTRY_BYTES) as Gpa, DTE.encode({ valid: true, next: b % 0x4000, size: c % 5, ittAddr: somewhere(b) }))
  } else if (kind === 'rubbish event') {
    const eventId = b % 2 ** device.eventIdBits
    if (device.events.some(({ id }) => id === eventId)) return
    put((device.ittAddr + eventId * ENTRY_BYTES) as Gpa, ITE.encode({ pintid: c, icid: a % 5, next: b % 7 }))
  } else if (kind === 'wrong next' && event !== undefined) {
    const entry = ITE.decode(memory.u32(event.at), memory.u32((event.at + 4) as Gpa))
    put(event.at, ITE.encode({ ...entry, next: c % 40 }))
  } else if (kind === 'lost event' && event !== undefined) put(event.at, { lo: 0, hi: 0 })
  else if (kind === 'lost device') put(device.at, { lo: 0, hi: 0 })
  else if (kind === 'collections') put(tableView(healthy.registers).collectionTable.base as Gpa, { lo: b, hi: c * 0x10000 })
}

describe('tables damaged at random, with a history that is whole', () => {
  it('are made to restore what the guest has mapped, on every kernel that can, and need nothing more then', () => {
    const guest = viewFrom(setScene(healthy), 'guest')
    fc.assert(
      fc.property(damages, (list) => {
        const memory = healthy.memory.fork()
        for (const damage of list) apply(memory, damage)
        const input = { ...healthy, memory }
        const plan = planOne(input, { allow: 'everything' })
        expect([plan.after.verdict, plan.obstacles, plan.lost]).toEqual(['restores', [], []])
        expect(viewFrom(setScene({ ...input, memory: plan.memory }), 'restored')).toEqual(guest)
        expect(planOne({ ...input, memory: plan.memory }, { allow: 'everything' }).writes).toEqual([])
      }),
      { numRuns: 15 },
    )
  })

  it('lose nothing to a repair that makes only what is proven', () => {
    fc.assert(
      fc.property(damages, (list) => {
        const memory = healthy.memory.fork()
        for (const damage of list) apply(memory, damage)
        const input = { ...healthy, memory }
        const before = new Set(viewFrom(setScene(input), 'tables').devices.map(({ deviceId }) => deviceId))
        const plan = planOne(input, { allow: 'proven' })
        const after = new Set(
          viewFrom(setScene({ ...input, memory: plan.memory }), 'tables').devices.map(({ deviceId }) => deviceId),
        )
        for (const { id } of devices) expect(after.has(id)).toBe(before.has(id))
        if (plan.obstacles.length === 0 && plan.writes.length > 0) expect(plan.after.verdict).toBe('restores')
      }),
      { numRuns: 15 },
    )
  })
})
