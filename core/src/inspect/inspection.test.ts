import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { profileIds, VIRT_ITS } from '../abi/index.ts'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { ZERO_PAGE } from '../budget/index.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { bytesSource, openSavedMachine } from '../formats/index.ts'
import { fixtureFile, openFixture } from '../formats/testing/fixtures.ts'
import { type GpaRange, PAGE_BYTES } from '../memory/index.ts'
import { inspect } from './index.ts'
import { plantedCase, plantedMachine, twoItses } from './testing/planted-machine.ts'

describe('an inspection', () => {
  it('finds out of a real saved VM what is loaded for it, and of the kernels what they make of it', async () => {
    const inspection = await inspect(await openFixture('scattered-unrestorable'))
    const [report] = inspection.audit()
    expect(report).toMatchObject({ verdict: 'fails', errno: 'EINVAL', live: { devices: 20, events: 91 } })
    expect(inspection.judge().map(({ kernel }) => kernel)).toEqual(profileIds)
    expect(inspection.judge(['linux-6.12.117'])).toMatchObject([{ kernel: 'linux-6.12.117', verdict: 'fails', errno: 'EINVAL' }])
    expect(inspection.plan().obstacles).toEqual([])
  })

  it('shows the three viewpoints, what each witness says, and the commands oldest first', async () => {
    const vm = new PlantedVm().map(16, { 0: [8192, 0], 3: [8193, 1] }).discard(16, 3)
    const inspection = await inspect(plantedMachine(vm.save()))
    expect(inspection.view('guest').devices).toEqual(inspection.view('restored').devices)
    expect(inspection.beliefs().device(16)).toMatchObject({
      belief: 'live',
      queue: { rule: 'R-ring-mapped', says: 'live' },
      pci: { rule: 'R-pci-absent', says: 'silent' },
    })
    expect(inspection.beliefs().event(16, 3)).toMatchObject({
      belief: 'dead',
      queue: { rule: 'R-ring-unmapped', says: 'dead' },
    })
    expect(inspection.history().map(({ slot, says, when }) => [slot, says, when])).toEqual([
      [0, 'MAPC ICID 0 RDbase 0', 'executed'],
      [1, 'MAPC ICID 1 RDbase 1', 'executed'],
      [2, 'MAPD DeviceID 0x10 V=1 ITT 0x41010000 bits 5', 'executed'],
      [3, 'MAPTI 0x10/0 LPI 8192 ICID 0', 'executed'],
      [4, 'MAPTI 0x10/3 LPI 8193 ICID 1', 'executed'],
      [5, 'DISCARD 0x10/3', 'executed'],
    ])
    expect(inspection.trace().end).toEqual({ by: 'last entry' })
  })

  it('tells commands that wait, and those from before the ring went round, from those executed', async () => {
    const waiting = new PlantedVm().map(16, { 0: [8192, 0] })
    waiting.its = { creadr: 96n }
    const whens = (await inspect(plantedMachine(waiting.save()))).history().map(({ slot, when }) => [slot, when])
    expect(whens).toEqual([
      [0, 'executed'],
      [1, 'executed'],
      [2, 'executed'],
      [3, 'pending'],
    ])
    const wrapped = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0] })
    for (let i = 0; i < 126; i++) wrapped.command('INV', { deviceId: 16, eventId: 0 })
    const history = (await inspect(plantedMachine(wrapped.save()))).history()
    expect([history[0], history.at(-1)]).toMatchObject([
      { slot: 2, when: 'earlier' },
      { slot: 1, when: 'executed' },
    ])
  })

  it('judges every ITS, and answers for the one that is asked for', async () => {
    const inspection = await inspect(plantedMachine(twoItses()), { kernel: 'linux-6.6' })
    expect(inspection.audit().map(({ its, verdict, findings }) => [its.base, verdict, findings.map(({ code }) => code)])).toEqual(
      [
        [VIRT_ITS, 'restores', []],
        [VIRT_ITS + 0x2_0000, 'corrupts', ['D207']],
      ],
    )
    expect(inspection.view('guest', 0).devices.map(({ deviceId }) => deviceId)).toEqual([16])
    expect(inspection.view('guest', 1).devices.map(({ deviceId }) => deviceId)).toEqual([16, 24])
    expect(() => inspection.view('guest', 2)).toThrow(new RangeError('no ITS 2: there are 2'))
  })

  it('plans one repair for all ITSes', async () => {
    const { writes, itses, obstacles } = (await inspect(plantedMachine(twoItses()))).plan()
    expect(writes.map(({ its, code }) => [its, code])).toEqual([[1, 'D207']])
    expect([obstacles, itses.map(({ after }) => after.verdict)]).toEqual([[], ['restores', 'restores']])
  })

  it('asks another kernel about the same memory', async () => {
    const inspection = await inspect(await openFixture('ghosts'))
    const other = inspection.restoredBy('linux-5.10')
    expect([other.memory, other.kernel]).toEqual([inspection.memory, 'linux-5.10'])
    expect(other.audit()[0]!.kernel).toBe('linux-5.10')
  })

  it('reads no more than its budget, and says that it did not look at everything', async () => {
    const machine = await openFixture('healthy')
    const inspection = await inspect(machine, {
      budget: { parts: { ...budgetFor('tables', 0x1_0000).parts, overruns: 0 } },
    })
    const { ranges } = inspection.loaded
    const bytesOf = (of: readonly GpaRange[]) => of.reduce((sum, { bytes }) => sum + bytes, 0)
    const zeros = bytesOf(machine.zeros(ranges))
    expect(bytesOf(ranges) - zeros + (zeros / PAGE_BYTES) * ZERO_PAGE).toBeLessThanOrEqual(0x1_0000)
    expect(inspection.audit()).toMatchObject([
      { gaps: expect.arrayContaining([expect.objectContaining({ code: 'M703', limit: 'bytes' })]) },
    ])
    expect(inspection.judge(['linux-7.3.4'])).toMatchObject([{ verdict: 'undecided' }])
    expect(inspection.plan().obstacles).not.toEqual([])
  })

  it('says nothing of what is pending, and judges no kernel, where its budget ends before the last pending table', async () => {
    // A device table of 64 KiB, a collection table, a queue and two vCPUs: the last that has no room is the second pending table.
    const inspection = await inspect(plantedMachine(new PlantedVm()), { budget: budgetFor('tables', 0x4_1000) })
    expect(inspection.pending()).toMatchObject({ isWhole: false, vcpus: [{ unread: undefined }, { unread: 'not loaded' }] })
    expect(inspection.audit()).toMatchObject([{ unread: 1, findings: [{ code: 'M706' }] }])
    expect(inspection.judge().map(({ verdict }) => verdict)).toEqual(profileIds.map(() => 'undecided'))
    expect(inspection.plan({ allow: 'everything' }).obstacles).toMatchObject([{ says: expect.stringContaining('M706') }])
  })

  const tooLarge = 'M703: the tables are larger than what can be looked at'

  it('follows the tables no farther than its budget, and calls nothing of the rest restored, mended or well', async () => {
    const [stale, well] = [new PlantedVm().map(16, { 0: [8192, 0] }).unmap(16), new PlantedVm()]
    for (const vm of [stale, well]) vm.map(24, { 0: [8193, 0], 1: [8194, 1] }).save()
    for (const budget of [budgetFor('restore', 20), budgetFor('restore', 700)]) {
      const inspection = await inspect(plantedMachine(stale.dte(16, { size: 4, next: 8, ittAddr: stale.itt(16) })), { budget })
      expect(inspection.audit()).toMatchObject([
        {
          verdict: 'undecided',
          unread: 1,
          lost: 0,
          findings: expect.arrayContaining([expect.objectContaining({ code: 'M703' })]),
        },
      ])
      expect(inspection.judge().map(({ verdict }) => verdict)).toEqual(profileIds.map(() => 'undecided'))
      expect(inspection.plan({ allow: 'everything' })).toMatchObject({ writes: [], obstacles: [{ kernel: '', says: tooLarge }] })
    }
    const [report] = (await inspect(plantedMachine(well), { budget: budgetFor('restore', 20) })).audit()
    expect(report).toMatchObject({ verdict: 'undecided', unread: 1, lost: 0, findings: [{ code: 'M703' }] })
    const blank = new PlantedVm().map(24, { 0: [8193, 0], 1: [8194, 1] })
    const rebuilt = (await inspect(plantedMachine(blank), { budget: budgetFor('sweep', 16_900) })).plan({
      allow: 'everything',
      rebuild: true,
    })
    expect(rebuilt.obstacles).toContainEqual({ kernel: 'linux-7.3.4', says: tooLarge })
  })

  it('reads so much of the ITTs that only the command queue names, and rebuilds no device without its ITT', async () => {
    const blank = () => plantedMachine(new PlantedVm().map(16, { 0: [8192, 0] }, { bits: 5 }))
    const rebuilt = async (queueItts: number) => {
      const plan = (await inspect(blank(), { budget: budgetFor('queueItts', queueItts) })).plan({
        allow: 'everything',
        rebuild: true,
      })
      return [plan.itses[0]!.lostDevices, plan.itses[0]!.after.restored, plan.obstacles.length > 0]
    }
    expect(await rebuilt(256)).toEqual([[], { devices: 1, events: 1 }, false])
    expect(await rebuilt(255)).toEqual([[16], { devices: 0, events: 0 }, true])
  })

  it('opens the case of two ITSes that is kept as a fixture', async () => {
    const kept = gunzipSync(readFileSync(fixtureFile('two-itses.vits')))
    expect(Buffer.compare(kept, await plantedCase(twoItses()))).toBe(0)
    const inspection = await inspect(await openSavedMachine(bytesSource(kept)))
    expect(inspection.audit().map(({ verdict }) => verdict)).toEqual(['restores', 'corrupts'])
  })
})
