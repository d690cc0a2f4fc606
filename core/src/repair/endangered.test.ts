import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIRST_LPI } from '../abi/index.ts'
import { scenesOver, setScene, setScenes } from '../audit/index.ts'
import { auditFixture } from '../audit/testing/audit-fixture.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction } from '../audit/testing/planted-vm.ts'
import type { Gpa } from '../memory/index.ts'
import { endangered } from './endangered.ts'
import { mappedIn } from './mapped-in.ts'
import { planOne } from './testing/plan-one.ts'

interface Story {
  /** Devices that are live, at every eighth DeviceID from 16 on, by how many events they have. */
  readonly live: readonly number[]
  /** Stale devices: where, whose ITT they have (its own when there is none such), and how far their chain leads. */
  readonly stale: readonly { readonly id: number; readonly itt: number; readonly next: number }[]
  readonly ring: 'whole' | 'cleared'
  /** What the PCI functions say: nothing, the truth, or that none of their vectors is set, as where an IOMMU was not known. */
  readonly pci: 'silent' | 'true' | 'wrong'
}

const stories: fc.Arbitrary<Story> = fc.record({
  live: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 4 }),
  stale: fc.array(fc.record({ id: fc.integer({ min: 1, max: 60 }), itt: fc.nat(5), next: fc.nat(24) }), { maxLength: 3 }),
  ring: fc.constantFrom<Story['ring']>('whole', 'cleared'),
  pci: fc.constantFrom<Story['pci']>('silent', 'true', 'wrong'),
})

const idOf = (index: number) => 16 + 8 * index

/** The VM of a story: live LPIs are enabled, others are not. */
function tell({ live, stale, ring, pci }: Story): PlantedVm {
  const vm = new PlantedVm()
  let lpi = FIRST_LPI
  for (const [i, events] of live.entries()) {
    const entries = Array.from({ length: events }, (_, eventId) => {
      vm.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, 1)
      return [eventId, [lpi++, 0]] as const
    })
    vm.map(idOf(i), Object.fromEntries(entries))
  }
  vm.save()
  for (const { id, itt, next } of stale) {
    if (id % 8 === 0) continue
    vm.dte(id, { size: 4, next, ittAddr: vm.itt(itt < live.length ? idOf(itt) : id) })
  }
  if (ring === 'cleared') vm.clearRing()
  const vectors = (events: number) => (pci === 'true' ? Array.from({ length: events }, (_, eventId) => eventId) : [])
  if (pci !== 'silent') vm.more = { msi: live.map((events, i) => pciFunction(idOf(i), vectors(events))) }
  return vm
}

describe('what a repair endangers', () => {
  /** Nobody knows event 2 of device 24, which has LPI 8300. */
  function vmWithUnknown(): PlantedVm {
    const vm = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0] }).map(24, { 0: [8194, 0] })
    vm.save().ite(24, 2, { pintid: 8300, icid: 0 }).ite(24, 0, { pintid: 8194, icid: 0, next: 2 })
    for (let i = 0; i < 129; i++) vm.command('INV', { deviceId: 16, eventId: 0 })
    return vm
  }

  it.each<[string, number, (vm: PlantedVm) => PlantedVm, (readonly number[])[]]>([
    ['is an event that is taken out, and whose LPI is enabled', 1, (vm) => vm.ite(24, 2, {}), [[24, 2]]],
    ['is no event whose LPI is disabled', 0, (vm) => vm.ite(24, 2, {}), []],
    ['is no event that stays', 1, (vm) => vm.ite(24, 3, { pintid: 8301, icid: 0 }), []],
    [
      'is one whose LPI another has that stays and that nobody knows either',
      1,
      (vm) => vm.ite(24, 2, {}).ite(24, 3, { pintid: 8300, icid: 0 }),
      [[24, 2]],
    ],
  ])('%s', (_what, enabled, repair, expected) => {
    const [before, after] = [vmWithUnknown(), repair(vmWithUnknown())]
    for (const { memory } of [before, after]) memory.setU8((LPI_CONFIGURATION + 8300 - FIRST_LPI) as Gpa, enabled)
    expect([...endangered(setScene(before.input()), setScene(after.input())).events()]).toEqual(expected)
  })
})

describe('a device that a repair takes out', () => {
  /** The devices that are endangered where the DTE of device 16 is cleared. */
  const without16 = (vm: PlantedVm) => {
    const [before] = setScenes(vm.input())
    const memory = vm.memory.fork()
    memory.setWord(vm.dteAt(16), 0, 0)
    const [after] = scenesOver([before!], memory, [vm.dteAt(16)])
    return [...endangered(before!, after!).devices]
  }
  const lost = () => new PlantedVm().map(8, {}).map(16, {}).map(24, {})

  it.each<[string, readonly number[], PlantedVm]>([
    ['may be live without an event where nobody knows it', [16], lost().save().clearRing()],
    ['may be live where the queue says so', [16], lost().save()],
    ['is not where the queue has unmapped it', [], lost().save().unmap(16)],
    [
      'is not where a live device of the chain leads past it',
      [],
      Object.assign(lost().save().dte(8, { size: 4, ittAddr: 0x4100_8000, next: 16 }).clearRing(), {
        more: { msi: [pciFunction(8, [])] },
      }),
    ],
    ['is not where its ITT is outside RAM', [], lost().save().dte(16, { size: 4, ittAddr: 0x9000_0000 }).clearRing()],
    ['is not where its ITT holds what is no entry', [], lost().save().ite(16, 2, { pintid: 77, icid: 0 }).clearRing()],
  ])('%s', (_what, devices, vm) => {
    expect(without16(vm)).toEqual(devices)
  })

  it('is not one that stays', () => {
    const [scene] = setScenes(lost().save().clearRing().input())
    expect(endangered(scene!, scene!).isEmpty).toBe(true)
  })
})

describe('whatever the witnesses know', () => {
  it('no repair takes out a live device, a live event, or a word that is one', () => {
    fc.assert(
      fc.property(stories, fc.constantFrom('proven' as const, 'everything' as const), (story, allow) => {
        const input = tell(story).input()
        const { obstacles, memory, writes } = planOne(input, { allow, strict: true })
        if (obstacles.length > 0 || writes.length === 0) return
        const restored = mappedIn(setScene({ ...input, memory }).restored.mappings)
        for (const [i, events] of story.live.entries()) {
          expect(restored.hasDevice(idOf(i)), `${idOf(i)}`).toBe(true)
          for (let eventId = 0; eventId < events; eventId++) {
            expect(restored.hasEvent(idOf(i), eventId), `${idOf(i)}:${eventId}`).toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })

  it.each(['bridge-s2', 'mem-numa2-s1', 'mem-vmem-s1', 'nvme72-s1', 'smmu-s1', 'smmu-s3'])(
    'every repair of %s brings back all that its guest has',
    async (name) => {
      const input = await auditFixture(name)
      const { obstacles, memory } = planOne(input, { allow: 'everything', strict: true })
      const restored = mappedIn(setScene({ ...input, memory }).restored.mappings)
      expect([obstacles, setScene(input).beliefs.live.without(restored).isEmpty]).toEqual([[], true])
    },
  )

  it('nothing is written where the functions of a real VM name none of its events', async () => {
    const input = await auditFixture('smmu-s3')
    const msi = input.msi!.map((part) => ({
      ...part,
      vectors: part.vectors.map((vector) => ({ ...vector, target: { kind: 'unset' } as const })),
    }))
    const { before, obstacles } = planOne({ ...input, msi }, { allow: 'everything' })
    expect([before.verdict, obstacles.some(({ says }) => says.includes('its LPI is enabled'))]).toEqual(['corrupts', true])
  })
})
