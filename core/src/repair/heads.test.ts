import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HEAD_DTE, HEAD_ITE, HEAD_MAGIC, L2_ENTRIES, profiles, releasedKernels } from '../abi/index.ts'
import { headReaders, headsOf, type Scene, setScene, viewFrom } from '../audit/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { stampedHeads } from '../seal/index.ts'
import { GO_ON, type Heads, type TableReader, walkTables } from '../tables/index.ts'
import type { RepairOptions } from './index.ts'
import { planOne } from './testing/plan-one.ts'

const none: RepairOptions = { allow: 'proven', heads: 'none' }
const ours: RepairOptions = { allow: 'proven', heads: 'ours' }

const tableHead = (vm: PlantedVm, first: number, at = 0) => vm.word(vm.dteAt(at), HEAD_DTE.encode({ magic: HEAD_MAGIC, first }))
const ittHead = (vm: PlantedVm, deviceId: number, first: number) =>
  vm.word(vm.iteAt(deviceId, 0), HEAD_ITE.encode({ magic: HEAD_MAGIC, first }))

/** Device 24 has events 2 and 5, and another, in the next second-level page if there are such, event 0. */
const late = (options: { readonly indirect?: boolean; readonly queuePages?: number } = {}) =>
  new PlantedVm(options)
    .map(24, { 2: [8194, 0], 5: [8195, 1] })
    .map(options.indirect ? 9000 : 30, { 0: [8196, 0] })
    .save()

/** What a plan does to heads, and what heads there are then: `head at DeviceID 0x0: head written`. */
function planned(vm: PlantedVm, options: RepairOptions) {
  const input = vm.input()
  const { writes, obstacles, memory } = planOne(input, options)
  expect(obstacles).toEqual([])
  const after = setScene({ ...input, memory })
  return {
    writes: writes.map(({ id, because }) => `${id}: ${because}`),
    heads: headsOf(after).map(({ kind, deviceId, names, isStale }) => `${kind} ${deviceId} ${names}${isStale ? ' stale' : ''}`),
    again: planOne({ ...input, memory }, options).writes.length,
  }
}

describe('a repair that is asked for no heads', () => {
  it('clears every one, true or stale, and then has nothing to do', () => {
    const vm = ittHead(tableHead(late(), 24), 24, 5)
    expect(planned(vm, none)).toEqual({
      writes: ['head at DeviceID 0x0: head taken away', 'head in the ITT of DeviceID 0x18: head taken away'],
      heads: [],
      again: 0,
    })
    expect(planned(late(), none).writes).toEqual([])
  })

  it('mends a VM for the kernel that follows a stale one', () => {
    const { before, after, kernels } = planOne({ ...ittHead(late(), 24, 5).input(), profile: profiles['proposal-2024'] }, none)
    expect([before.verdict, after.verdict]).toEqual(['corrupts', 'restores'])
    expect(kernels.map(({ kernel }) => kernel)).toEqual([...releasedKernels, ...headReaders])
  })

  it('takes the stamp away, and no other bits', () => {
    const stamped = planOne(late().input(), ours)
    const plan = planOne({ ...late().input(), memory: stamped.memory }, none)
    expect(plan.writes.map(({ at, to }) => [at, ...to])).toEqual(stamped.writes.map(({ at, from }) => [at, ...from]))
  })
})

describe('a repair that is asked for heads', () => {
  it('writes one wherever entry 0 is not live, and says in the first CTE that it did', () => {
    expect(planned(late({ indirect: true }), ours)).toEqual({
      writes: [
        'first CTE: stamp of heads',
        'head at DeviceID 0x2000: head written',
        'head at DeviceID 0x0: head written',
        'head in the ITT of DeviceID 0x18: head written',
      ],
      heads: ['DTE 0 24', 'DTE 8192 9000', 'ITE 24 2'],
      again: 0,
    })
  })

  it('makes a stale one true, and clears one of a table with nothing in it', () => {
    const vm = ittHead(ittHead(late().map(40, {}).save(), 24, 5), 40, 3)
    expect(planned(vm, ours).heads).toEqual(['DTE 0 24', 'ITE 24 2'])
  })

  it('writes none where two devices share an ITT, nor in the ITT of a device that nobody knows', () => {
    // The ITT of device 32 is the second half of device 24's, in which nothing lies.
    const shared = () => {
      const vm = new PlantedVm().map(24, { 2: [8194, 0], 5: [8195, 1] }, { bits: 6 })
      return vm.map(32, {}, { ittAddr: vm.itt(24) + 256 }).save()
    }
    expect(planned(shared(), ours).heads).toEqual(['DTE 0 24'])
    expect(planned(ittHead(shared(), 24, 5), ours).heads).toEqual(['DTE 0 24'])
    expect(planned(ittHead(shared(), 24, 2), ours).heads).toEqual(['DTE 0 24', 'ITE 24 2'])
    expect(planned(late({ queuePages: 1 }).goRound(), ours).heads).toEqual(['DTE 0 24'])
  })
})

describe('a repair that is not asked about heads', () => {
  it('leaves them as they are, and takes a stale one for a leftover', () => {
    const vm = () => ittHead(tableHead(late(), 24), 24, 5)
    expect(planned(vm(), { allow: 'everything' }).writes).toEqual([])
    expect(planned(vm(), { allow: 'proven', strict: true }).heads).toEqual(['DTE 0 24'])
  })

  it('clears a stale one for a kernel that follows it', () => {
    const vm = Object.assign(ittHead(tableHead(late(), 24), 24, 5), { more: { profile: profiles['proposal-2024'] } })
    expect(planned(vm, { allow: 'proven' }).heads).toEqual(['DTE 0 24'])
  })
})

interface Sample {
  readonly indirect: boolean
  readonly devices: readonly { readonly deviceId: number; readonly events: readonly number[] }[]
  /** What each head names: of the device table, or the ITT of the device at that place. */
  readonly heads: readonly { readonly of: number; readonly first: number }[]
  readonly gone: readonly number[]
}

const ids = (most: number) => fc.integer({ min: 0, max: most })
const withHeads: fc.Arbitrary<Sample> = fc.record({
  indirect: fc.boolean(),
  devices: fc.uniqueArray(
    fc.record({
      deviceId: fc.oneof(ids(40), ids(20000)),
      events: fc.uniqueArray(ids(31), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 6, selector: ({ deviceId }) => deviceId % 4096 },
  ),
  heads: fc.array(fc.record({ of: ids(8), first: fc.oneof(ids(40), ids(20000)) }), { maxLength: 6 }),
  gone: fc.array(ids(5), { maxLength: 2 }),
})

function vmWith({ indirect, devices: some, heads, gone }: Sample): PlantedVm {
  // A flat table has as many entries as a second-level page.
  const devices = indirect ? some : some.map((one) => ({ ...one, deviceId: one.deviceId % L2_ENTRIES }))
  const vm = new PlantedVm({ indirect })
  let lpi = 8192
  for (const { deviceId, events } of devices) {
    vm.map(deviceId, Object.fromEntries(events.map((eventId) => [eventId, [lpi++, lpi % 2] as const])))
  }
  vm.save()
  for (const { of, first } of heads) {
    const device = devices[of]
    if (device === undefined) {
      const page = devices[0]!.deviceId - (devices[0]!.deviceId % L2_ENTRIES)
      if (!devices.some(({ deviceId }) => deviceId === page)) tableHead(vm, first, page)
    } else if (!device.events.includes(0)) ittHead(vm, device.deviceId, first % 65536)
  }
  for (const place of gone) if (devices[place] !== undefined && devices.length > 1) vm.unmap(devices[place].deviceId)
  return vm.save()
}

describe('tables with heads at random, true and stale, and devices that are gone', () => {
  /** What each kernel restores of the VM. */
  const restores = (vm: PlantedVm, memory = vm.memory) =>
    [...releasedKernels].map((kernel) => {
      const scene = setScene({ ...vm.input(), memory, profile: profiles[kernel] })
      return [kernel, viewFrom(scene, 'restored')]
    })

  /** The ids that a walk comes to which follows heads of this kind. */
  const followed = ({ memory, view, profile }: Scene, heads: Heads) => {
    const ids: string[] = []
    const reader: TableReader = {
      collection: () => GO_ON,
      device: (deviceId) => {
        ids.push(`device ${deviceId}`)
        return GO_ON
      },
      drop: () => {
        ids.push('dropped')
      },
      event: (_deviceId, eventId) => {
        ids.push(`event ${eventId}`)
        return GO_ON
      },
    }
    walkTables(memory, view, profile.quirks, reader, { heads })
    return ids
  }

  it.each(['none', 'ours'] as const)('restore the same on every released kernel with heads as %s', (heads) => {
    fc.assert(
      fc.property(withHeads, (sample) => {
        const vm = vmWith(sample)
        // What the problems of the tables themselves ask for is done first.
        const mended = planOne(vm.input(), { allow: 'everything', strict: true, seal: true })
        const input = { ...vm.input(), memory: mended.memory }
        const plan = planOne(input, { allow: 'proven', heads })
        expect(plan.obstacles).toEqual([])
        expect(restores(vm, plan.memory)).toEqual(restores(vm, mended.memory))
        const after = setScene({ ...input, memory: plan.memory })
        // With two levels, the proposal loses devices by a defect that no head mends.
        if (!sample.indirect) {
          const proposal = setScene({ ...input, memory: plan.memory, profile: profiles['proposal-2024'] })
          expect(viewFrom(proposal, 'restored')).toEqual(viewFrom(after, 'restored'))
        }
        expect(followed(after, stampedHeads)).toEqual(followed(after, 'none'))
        expect(headsOf(after).filter(({ isStale }) => isStale)).toEqual([])
        if (heads === 'none') expect(headsOf(after)).toEqual([])
        expect(planOne({ ...input, memory: plan.memory }, { allow: 'proven', heads }).writes).toEqual([])
      }),
      { numRuns: 30 },
    )
  })
})
