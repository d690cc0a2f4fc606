import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  encodeCommand,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  type GicRegisters,
  ITS_FRAME_BYTES,
  VIRT_ITS,
} from '../abi/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { stateDifference } from '../seal/index.ts'
import { savePendingTables, saveTables } from '../tables/index.ts'
import { lintRestoreOrder, orderRules, type RestoreStep, restoreOrder } from './restore-order.ts'
import { type RestoredVm, type RestoreVmOptions, restoreVm } from './restore-vm.ts'

const RAM = 0x4000_0000
const VCPUS = [0, 1]

const registers: GicRegisters = {
  itses: [
    {
      base: undefined,
      ctlr: 1,
      iidr: 0x4b00_043b,
      cbaser: GITS_CBASER.pack({ valid: true, address: RAM, pages: 15 }),
      creadr: 0x2000n,
      cwriter: 0x2020n,
      baser: [
        GITS_BASER.pack({ valid: true, addressLow: RAM + 0x1_0000 }),
        GITS_BASER.pack({ valid: true, addressLow: RAM + 0x2_0000 }),
        ...Array.from({ length: 6 }, () => 0n),
      ],
    },
  ],
  redistributors: VCPUS.map((vcpuId) => ({
    vcpuId,
    ctlr: 1,
    propbaser: GICR_PROPBASER.pack({ address: RAM + 0x3_0000, idBits: 15 }),
    pendbaser: GICR_PENDBASER.pack({ address: RAM + 0x4_0000 + vcpuId * 0x1_0000 }),
  })),
}

/** Guest RAM of a VM saved with one pending LPI, one command not executed yet and one executed long ago still in its queue. */
function savedMemory(): GuestMemory {
  const memory = new GuestMemory([{ base: RAM as Gpa, bytes: 0x10_0000, backing: 'sparse' }])
  const { vm } = restored(restoreVm(memory, registers, { order: restoreOrder.filter((step) => step !== 'its-ctlr') }))
  const its = vm.itses[0]!.its
  its.collections.set(0, 0)
  its.collections.set(1, 1)
  const slot = its.addDevice(5, RAM + 0x6_0000, 4)
  its.mapEvent(slot, 0, 8192, 0, 0)
  its.mapEvent(slot, 3, 8193, 1, 0)
  vm.gic.lpis.setPending(vm.gic.lpis.find(8193), true)
  expect([saveTables(its).ok, savePendingTables(vm.gic)]).toEqual([true, { ok: true, value: 1 }])
  const put = (offset: number, words: Uint32Array) => memory.write((RAM + offset) as Gpa, new Uint8Array(words.buffer))
  put(0, encodeCommand('MAPC', { icid: 9, rdBase: 0, valid: true }))
  put(0x2000, encodeCommand('MAPTI', { deviceId: 5, eventId: 7, pintid: 8199, icid: 1 }))
  return memory
}

function restored(outcome: ReturnType<typeof restoreVm>): RestoredVm {
  if (!outcome.ok) throw new Error(`${outcome.errno}: ${outcome.reason}`)
  return outcome.value
}

/** What an order comes to: the errno, or what is mapped, pending and programmed. */
function comesTo(order: readonly RestoreStep[], options: RestoreVmOptions = {}): string {
  const outcome = restoreVm(savedMemory().fork(), registers, { ...options, order })
  if (!outcome.ok) return outcome.errno
  const { vm } = outcome.value
  const its = vm.itses[0]!.its
  const difference = stateDifference(reference.vm.itses[0]!.its, its)
  if (difference !== undefined) return difference
  const pending = vm.gic.lpis.find(8193)
  if (pending === 0 || !vm.gic.lpis.isPending(pending)) return 'a pending LPI is lost'
  if (!its.enabled) return 'the ITS is off'
  return its.creadr === 0x2020 && its.cwriter === 0x2020 ? 'all is back' : `CREADR ${its.creadr}, CWRITER ${its.cwriter}`
}

const reference = restored(restoreVm(savedMemory(), registers))

/** The documented order with `first` moved right behind `then`. */
function swapped(first: RestoreStep, then: RestoreStep): RestoreStep[] {
  const without = restoreOrder.filter((step) => step !== first)
  without.splice(without.indexOf(then) + 1, 0, first)
  return without
}

describe('restoring a whole VM', () => {
  it('in the documented order brings everything back: mappings, pending LPIs, and the command that was queued', () => {
    expect(comesTo(restoreOrder)).toBe('all is back')
    expect(reference.vm.itses[0]!.its.events.count).toBe(3)
    expect(lintRestoreOrder(restoreOrder)).toEqual([])
  })

  it('brings back every ITS, where it was or on frames of their own', () => {
    const [its] = registers.itses
    const off = { ...its!, ctlr: 0, baser: [0n, ...its!.baser.slice(1)] }
    const itses = [off, { ...its!, base: VIRT_ITS }, off]
    const { vm } = restored(restoreVm(savedMemory(), { ...registers, itses }))
    expect(vm.itses.map((each) => each.its.events.count)).toEqual([0, 3, 0])
    const bases = [VIRT_ITS + ITS_FRAME_BYTES, VIRT_ITS, VIRT_ITS + 2 * ITS_FRAME_BYTES]
    expect(bases.map((base) => vm.translaters.at(base + GITS_TRANSLATER))).toEqual(vm.itses.map((each) => each.its))
  })

  it('answers the errno of the first call that fails, its step and its ITS', () => {
    const [its] = registers.itses
    const broken = { ...registers, itses: [its!, { ...its!, creadr: 0x2_0000n }] }
    expect(restoreVm(savedMemory(), broken)).toMatchObject({
      ok: false,
      errno: 'EINVAL',
      where: { what: 'GITS_CREADR' },
      step: 'creadr',
      its: { index: 1, base: VIRT_ITS + ITS_FRAME_BYTES },
    })
  })

  it('names the ITS whose address is refused, and none for a call of the GIC', () => {
    const [its] = registers.itses
    const unaligned = { ...its!, base: (VIRT_ITS + 0x1000) as Gpa }
    expect(restoreVm(savedMemory(), { ...registers, itses: [its!, unaligned] })).toMatchObject({
      step: 'its-address',
      its: { index: 1, base: VIRT_ITS + 0x1000 },
    })
    const order = restoreOrder.filter((step) => step !== 'gic-init')
    expect(restoreVm(savedMemory(), registers, { order })).toMatchObject({ step: 'lpi-tables', its: undefined })
  })
})

describe('another order', () => {
  it.each<[RestoreStep, RestoreStep, string]>([
    ['vcpus', 'restore-tables', 'EINVAL'],
    ['gic-init', 'lpi-tables', 'EBUSY'],
    ['gic-init', 'enable-lpis', 'EBUSY'],
    ['lpi-tables', 'enable-lpis', 'EFAULT'],
    ['lpi-tables', 'restore-tables', 'EFAULT'],
    ['enable-lpis', 'restore-tables', 'a pending LPI is lost'],
    ['its-address', 'cbaser', 'ENXIO'],
    ['cbaser', 'creadr', 'EINVAL'],
    ['cbaser', 'cwriter', 'EINVAL'],
    ['basers', 'restore-tables', '0 collections instead of 2'],
    ['cbaser', 'its-ctlr', 'EINVAL'],
    ['basers', 'its-ctlr', '0 collections instead of 2'],
    ['creadr', 'its-ctlr', 'EBUSY'],
    ['cwriter', 'its-ctlr', '3 collections instead of 2'],
    ['restore-tables', 'its-ctlr', 'device 5: event 7 is lost'],
  ])('%s after %s: %s, and the linter says so', (first, then, outcome) => {
    const order = swapped(first, then)
    expect(comesTo(order)).toBe(outcome)
    expect(lintRestoreOrder(order)).toContainEqual(expect.objectContaining({ problem: 'late', step: first, before: then }))
  })

  it('that leaves a step out is found too', () => {
    expect(comesTo(restoreOrder.filter((step) => step !== 'creadr'))).not.toBe('all is back')
    expect(lintRestoreOrder(restoreOrder.filter((step) => step !== 'creadr'))).toMatchObject([
      { problem: 'missing', step: 'creadr' },
    ])
    expect(lintRestoreOrder(restoreOrder.filter((step) => step !== 'its-ctlr')).map(({ step }) => step)).toEqual([
      'its-ctlr',
      'its-ctlr',
    ])
  })

  it('that restores twice, or programs the tables again afterwards', () => {
    const twice = [...restoreOrder, 'restore-tables'] as const
    expect(comesTo(twice)).toBe('EEXIST')
    expect(lintRestoreOrder(twice)).toMatchObject([{ problem: 'again', step: 'restore-tables', at: 15, silent: false }])
    expect(lintRestoreOrder([...restoreOrder, 'basers'])).toMatchObject([{ problem: 'again', step: 'basers' }])
  })

  const free = restoreOrder.slice(0, restoreOrder.indexOf('irqfd'))
  const shuffled = fc.shuffledSubarray([...free], { minLength: free.length, maxLength: free.length })

  it('brings everything back exactly when the linter says nothing, but for what it calls harmless', () => {
    const harmless: readonly RestoreStep[] = ['iidr', 'memory']
    fc.assert(
      fc.property(shuffled, (order) => {
        const findings = lintRestoreOrder(order).filter(({ step }) => !harmless.includes(step))
        expect(comesTo(order) === 'all is back').toBe(findings.length === 0)
      }),
      { numRuns: 200 },
    )
  })

  it('that keeps every rule brings everything back', () => {
    fc.assert(
      fc.property(shuffled, (order) => {
        const ruled = inRuledOrder(order)
        expect(lintRestoreOrder(ruled)).toEqual([])
        expect(comesTo(ruled)).toBe('all is back')
      }),
      { numRuns: 200 },
    )
  })
})

/** The same steps, each as early as the rules allow. */
function inRuledOrder(order: readonly RestoreStep[]): RestoreStep[] {
  const ruled: RestoreStep[] = []
  while (ruled.length < order.length) {
    const isDue = (step: RestoreStep) => orderRules.every(({ first, then }) => then !== step || ruled.includes(first))
    ruled.push(order.find((step) => !ruled.includes(step) && isDue(step))!)
  }
  return ruled
}

describe('the rules', () => {
  it('never contradict the documented order', () => {
    for (const { first, then } of orderRules) expect(restoreOrder.indexOf(first)).toBeLessThan(restoreOrder.indexOf(then))
  })
})
