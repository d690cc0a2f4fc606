import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { KvmLists } from '../abi/index.ts'
import { bytesSource, openSavedMachine, readKvmLists } from '../formats/index.ts'
import { fixtureFile } from '../formats/testing/fixtures.ts'
import { inspect } from '../inspect/index.ts'
import { planRepair } from '../repair/index.ts'
import { debugfsWitness } from './debugfs-witness.ts'
import { audit, setScene } from './index.ts'
import type { PlantedVm } from './testing/planted-vm.ts'
import { listed, wrapped } from './testing/rule-vms.ts'

const report = (vm: PlantedVm, kvmLists?: KvmLists) => audit(setScene({ ...vm.input(), ...(kvmLists && { kvmLists }) }))
const both = { 8: { 0: [8192, 0], 1: [8193, 1] }, 16: { 0: [8194, 0], 1: [8195, 1] } } as const
const { 16: device16 } = both

describe('what KVM had at another moment', () => {
  it('lets an entry that no witness knows be inferred to be gone, and proves nothing', () => {
    expect(report(wrapped()).findings.filter(({ deviceId }) => deviceId === 8)).toEqual([])
    const { findings, debugfs, unknown } = report(wrapped(), listed({ 16: device16 }))
    expect(debugfs).toEqual({ listed: { devices: 1, events: 2 }, lpis: undefined, differences: { count: 0, first: [] } })
    expect(unknown).toBe(3)
    expect(findings).toMatchObject([
      {
        code: 'D203',
        deviceId: 8,
        confidence: 'inferred',
        fix: { safe: false },
        evidence: [
          { witness: 'debugfs', rule: 'R-debugfs-unlisted', says: 'none of its events is on the list of KVM of another moment' },
        ],
      },
      { code: 'Q603' },
    ])
  })

  it('lets an event of a device that it has be inferred to be gone, and an LPI that vgic-state lacks', () => {
    const event = (lists: KvmLists) =>
      report(wrapped(), lists)
        .findings.filter(({ code }) => code === 'I303')
        .map(({ confidence, deviceId, eventId }) => [confidence, deviceId, eventId])
    expect(event(listed({ ...both, 8: { 0: [8192, 0] } }))).toEqual([['inferred', 8, 1]])
    expect(event({ itses: [], lpis: new Set([8192, 8194, 8195]) })).toEqual([['inferred', 8, 1]])
  })

  it('is not heard where the queue knows what is live, and it lacks that, or what is gone, and it has that', () => {
    // Event 0 of device 16 is in the ring.
    const older = report(wrapped(), listed({ 8: both[8] }))
    expect(older.debugfs!.differences.first).toEqual(['it lacks event 0 of DeviceID 0x10, which is live'])
    expect(older.findings.map(({ code }) => code)).toEqual(['Q603'])
    expect(report(wrapped(), { itses: [], lpis: new Set([8192]) }).debugfs!.differences.count).toBe(1)
    const unmapped = report(wrapped().discard(16, 1), listed(both))
    expect(unmapped.debugfs!.differences.first).toEqual(['it has event 1 of DeviceID 0x10, which the guest unmapped'])
  })

  it.each([
    ['a device that is not valid', listed({ ...both, 32: { 0: [8200, 0] } }), 'DeviceID 0x20 is not valid'],
    ['an event that is not valid', listed({ ...both, 8: { 5: [8200, 0] } }), 'event 5 of DeviceID 0x8 is not valid'],
    ['another LPI', listed({ ...both, 8: { 0: [8200, 0] } }), 'event 0 of DeviceID 0x8 has LPI 8192 and not 8200'],
    ['another collection', listed({ ...both, 8: { 0: [8192, 1] } }), 'event 0 of DeviceID 0x8 is of collection 0 and not 1'],
    ['an LPI of no event', { itses: [], lpis: new Set([8194, 9000]) }, "LPI 9000 is no event's"],
  ])('is not heard when it has %s', (_, lists, words) => {
    const { debugfs, findings } = report(wrapped(), lists)
    expect(debugfs!.differences).toEqual({ count: 1, first: [words] })
    expect(findings.map(({ code }) => code)).toEqual(['Q603'])
  })

  it('is not heard when a collection goes elsewhere, or a device has another size', () => {
    const elsewhere = listed(both)
    const [first] = elsewhere.itses
    const device = first!.devices.get(8)!
    const changed = (change: object) => ({
      itses: [{ ...first!, devices: new Map([...first!.devices, [8, { ...device, ...change }]]) }],
      lpis: undefined,
    })
    const event = { lpi: 8192, icid: 0, rdBase: 1 }
    expect(report(wrapped(), changed({ events: new Map([[0, event]]) })).debugfs!.differences.first).toEqual([
      'collection 0 goes to vCPU 0x0 and not to vCPU 0x1',
    ])
    expect(report(wrapped(), changed({ eventIdBits: 4 })).debugfs!.differences.first).toEqual([
      'DeviceID 0x8 has 5 EventID bits and not 4',
    ])
  })

  it('is of the ITS whose address its file names, and of no other', () => {
    const [its] = listed(both).itses
    const at = (base: number) => report(wrapped(), { itses: [{ ...its!, base: base as never }], lpis: undefined }).debugfs
    expect(at(0x808_0000)).toMatchObject({ listed: { devices: 2, events: 4 } })
    expect(at(0x80a_0000)).toBeUndefined()
  })

  it('does not let an event be taken out whose LPI is enabled and no other event’s', () => {
    const plan = planRepair([setScene({ ...wrapped().enable(8192).input(), kvmLists: listed({ 16: device16 }) })], {
      allow: 'everything',
      strict: true,
    })
    expect(plan.obstacles.length).toBeGreaterThan(0)
  })
})

/** With VITS_LONG the one in which nothing is gone too. */
const captures = process.env['VITS_LONG'] === undefined ? ['unrestorable'] : ['unrestorable', 'healthy']

describe.each(captures)('the texts of a real KVM, of the moment of the save: %s', (name) => {
  const file = (path: string) => ({ name: path, source: bytesSource(readFileSync(new URL(`../live/${path}`, fixtureFile('.')))) })
  const texts = (...kinds: string[]) => readKvmLists(kinds.map((kind) => file(`${name}.${kind}.txt`)))

  it('all stand in the tables that it saved, and agree with the queue of the guest in what is gone', async () => {
    const machine = await openSavedMachine([file(`${name}.mig.zst`)])
    const kvmLists = await texts('vgic-its-state', 'vgic-state')
    const { scenes } = await inspect(machine, { guestKernel: 'never', kvmLists })
    const found = audit(scenes[0]!)
    expect(found.debugfs).toMatchObject({ lpis: found.live.events, differences: { count: 0 } })
    expect(found.debugfs!.listed).toEqual(found.live)
    const witness = debugfsWitness(scenes[0]!)
    const { beliefs, tables } = scenes[0]!
    for (const { deviceId } of tables.mappings.devices) {
      const isLive = beliefs.device(deviceId).belief === 'live'
      expect(witness.device(deviceId) === 'R-debugfs-listed', `${deviceId}`).toBe(isLive)
    }
  })
})
