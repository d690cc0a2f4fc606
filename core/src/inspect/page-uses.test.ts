import { describe, expect, it } from 'vitest'
import { KVM_DEV_ARM_CTRL as CTRL, KVM_DEV_ARM_VGIC_GRP as GRP } from '../abi/index.ts'
import { PlantedVm, QUEUE } from '../audit/testing/planted-vm.ts'
import type { SavedMachine } from '../formats/index.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { restoreVm } from '../kvm/index.ts'
import { type Gpa, type GpaRange, LoadableMemory, PAGE_BYTES, type ReadonlyMemory } from '../memory/index.ts'
import { pageUses, wholePages } from '../tables/index.ts'
import { inspect } from './index.ts'
import { plantedMachine, twoItses } from './testing/planted-machine.ts'

const pagesOf = (ranges: readonly GpaRange[]): number[] =>
  ranges.flatMap(({ base, bytes }) => Array.from({ length: bytes / PAGE_BYTES }, (_, n) => base + n * PAGE_BYTES))

/** Some pages of a VM; to read any other is an error. */
function only(pages: readonly GpaRange[], from: ReadonlyMemory): LoadableMemory {
  const memory = new LoadableMemory(from.ranges)
  for (const at of pagesOf(pages)) memory.load(at as Gpa, from.read(at as Gpa, PAGE_BYTES))
  return memory
}

async function usesOf(machine: SavedMachine) {
  const { memory } = await inspect(machine)
  const uses = pageUses(memory, machine.registers)
  const restored = wholePages(
    memory,
    uses.filter(({ restoreReads }) => restoreReads),
  )
  const saved = wholePages(
    memory,
    uses.filter(({ saveWrites }) => saveWrites),
  )
  return { memory, uses, restored, saved }
}

const machines: readonly (readonly [string, () => Promise<SavedMachine>])[] = [
  ['of a real VM', () => openFixture('healthy')],
  ['of a real VM with many devices', () => openFixture('scattered-clean')],
  ['of a flat device table', async () => plantedMachine(new PlantedVm().map(8, { 0: [8192, 0] }).save())],
  ['of two ITSes', async () => plantedMachine(twoItses())],
  [
    'with a command that waits',
    async () => {
      const vm = new PlantedVm({ indirect: true })
        .map(0x2010, { 0: [8192, 0] }, { bits: 10 })
        .save()
        .command('INV', { deviceId: 0x2010 })
      vm.its = { creadr: BigInt(32 * 4) }
      return plantedMachine(vm)
    },
  ],
]

describe('the pages that KVM itself uses', () => {
  it.each(machines)('%s are enough for a restore, and a save writes no other', async (_, open) => {
    const machine = await open()
    const { memory, restored, saved } = await usesOf(machine)
    const ram = only(restored, memory)
    const outcome = restoreVm(ram, machine.registers)
    if (!outcome.ok) throw new Error(outcome.reason)
    const { vm, gic } = outcome.value
    // What a save reads besides, and what it writes, is there only now.
    for (const at of pagesOf(saved)) if (!ram.isLoaded(at as Gpa)) ram.loadZeros(at as Gpa)
    ram.clearDirty()
    gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))
    for (const its of vm.itses) expect(its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))).toMatchObject({ ok: true })
    expect(ram.dirtyPages()).not.toEqual([])
    expect(pagesOf(saved)).toEqual(expect.arrayContaining(ram.dirtyPages()))
  })

  it.each(['device table, second level', 'ITT', 'collection table'] as const)(
    'are not enough without those of a cause: %s',
    async (what) => {
      const machine = await openFixture('healthy')
      const { memory, uses } = await usesOf(machine)
      const others = wholePages(
        memory,
        uses.filter((use) => use.what !== what),
      )
      expect(() => restoreVm(only(others, memory), machine.registers)).toThrow('read before it was loaded')
    },
  )

  it('have a cause each: whose ITT, whose pending table, of which ITS', async () => {
    const { uses } = await usesOf(plantedMachine(twoItses()))
    expect(uses.filter(({ what }) => what === 'ITT').map(({ its, deviceId }) => [its, deviceId])).toEqual([
      [0, 16],
      [1, 8],
      [1, 16],
      [1, 24],
    ])
    expect(uses.filter(({ what }) => what === 'pending table').map(({ its, vcpuId }) => [its, vcpuId])).toEqual([
      [undefined, 0],
      [undefined, 1],
    ])
    expect(uses.filter(({ what }) => what === 'LPI configuration table')).toHaveLength(1)
  })

  it('have the command queue among them when commands wait in it', async () => {
    const queue = async (vm: PlantedVm) => (await usesOf(plantedMachine(vm))).uses.find(({ base }) => base === QUEUE)
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    expect(await queue(vm)).toMatchObject({ what: 'command queue', restoreReads: false, saveWrites: false })
    vm.its = { creadr: 0n }
    expect(await queue(vm)).toMatchObject({ what: 'command queue', restoreReads: true })
  })

  it('are whole pages inside RAM, whatever the tables name', async () => {
    const vm = new PlantedVm()
      .map(8, { 0: [8192, 0] })
      .save()
      .dte(9, { ittAddr: 0x10_0000, size: 4 })
    const { memory, uses } = await usesOf(plantedMachine(vm))
    expect(uses.some(({ base }) => base === 0x10_0000)).toBe(true)
    const pages = wholePages(memory, uses)
    for (const { base, bytes } of pages) {
      expect([base % PAGE_BYTES, bytes % PAGE_BYTES, memory.contains(base, bytes)]).toEqual([0, 0, true])
    }
  })
})
