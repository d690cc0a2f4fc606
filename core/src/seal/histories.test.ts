import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { profileIds, profiles, releasedKernels } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import { runs } from '../memory/testing/runs.ts'
import { type Heads, saveTables } from '../tables/index.ts'
import { type History, histories, lived } from '../tables/testing/guest.ts'
import type { LiveIts } from '../tables/testing/live-its.ts'
import { type RestoreVerdict, restoresUnder, seal, sealLimitRows, stampedHeads, stateDifference } from './index.ts'
import { sealLimits } from './limits.ts'
import { eachEvent, storableSlots } from './live.ts'

const { quirks: fixed } = profiles['linux-6.12.117']
const { quirks: orphaning } = profiles['linux-6.6']

/** Every kernel's verdict on a sealed save, but for the kernels that the seal itself says it cannot help. */
function unexpected(vm: LiveIts, heads: Heads): readonly RestoreVerdict[] {
  const sealed = seal(vm.its, { heads })
  if (!sealed.ok) throw new Error(`${sealed.errno}: ${sealed.reason}`)
  const listed = new Set(sealed.value.limits.flatMap((limit) => limit.profiles))
  return profileIds
    .filter((id) => !listed.has(id))
    .map((id) => restoresUnder(vm.its, id))
    .filter(({ restores }) => restores !== 'exactly')
}

/** Gives 4.13 what it cannot do without: a device, an event in each ITT, and every collection mapped. */
function made413Proof(vm: LiveIts): LiveIts {
  const { its } = vm
  for (const icid of its.collections.order) if (its.collections.target(icid) < 0) its.collections.set(icid, 0)
  if (its.collections.order.length === 0) its.collections.set(0, 0)
  if (its.devices.first() < 0) vm.map(0)
  for (let slot = its.devices.first(); slot >= 0; slot = its.devices.after(slot)) {
    if (its.events.firstBlock(slot) === 0) its.mapEvent(slot, 1, 9000, its.collections.order[0]!, 0)
  }
  return vm
}

/** The same state in tables that each released kernel has saved, on top of what it left there before, with and without heads. */
function* savedOtherwise(history: History, its: Its): Generator<Its> {
  for (const id of releasedKernels) {
    const other = lived(history, profiles[id].quirks).its
    if (stateDifference(its, other) !== undefined) continue
    for (const heads of ['none', stampedHeads] as const) if (saveTables(other, { heads }).ok) yield other
  }
}

describe('whatever a guest did', () => {
  it.each([
    ['a kernel that clears unmapped entries', fixed],
    ['a kernel that leaves orphans', orphaning],
  ])('under %s, every kernel restores exactly what was sealed', (_, quirks) => {
    fc.assert(
      fc.property(histories, fc.constantFrom<Heads>('none', stampedHeads), (history, heads) => {
        expect(unexpected(lived(history, quirks), heads)).toEqual([])
      }),
      { numRuns: runs(150) },
    )
  })

  it('4.13 does too, once it has what it cannot do without', () => {
    let proven = 0
    fc.assert(
      fc.property(histories, (history) => {
        const vm = made413Proof(lived(history, orphaning))
        const sealed = seal(vm.its)
        if (!sealed.ok || sealed.value.limits.some((limit) => limit.profiles.includes('linux-4.13'))) return
        proven++
        expect(restoresUnder(vm.its, 'linux-4.13')).toEqual({ profile: 'linux-4.13', restores: 'exactly' })
      }),
      { numRuns: runs(120) },
    )
    expect(proven).toBeGreaterThan(20)
  })

  it('each limit that is listed comes true, on every kernel that it names', () => {
    const seen = new Set<string>()
    for (const history of fc.sample(histories, { numRuns: 150, seed: 5 })) {
      const vm = lived(history, fixed)
      const sealed = seal(vm.its)
      if (!sealed.ok) continue
      const failing = profileIds.filter((id) => restoresUnder(vm.its, id).restores !== 'exactly')
      for (const { name, profiles: kernels } of sealed.value.limits) {
        expect(failing, name).toEqual(expect.arrayContaining([...kernels]))
        expect(kernels).not.toEqual([])
        seen.add(name)
      }
    }
    const shown = [
      'no-device',
      'no-event',
      'unmapped-collection',
      'first-level-hole',
      'unstorable-device',
      'detached-event',
      'shared-entries',
      'shared-lpi',
    ]
    expect([...seen].sort()).toEqual(shown.sort())
    expect(Object.keys(sealLimitRows)).toEqual(expect.arrayContaining(shown))
  })

  it('a kernel that is listed restores none of the saves that any released kernel would make of the same state', () => {
    let tried = 0
    for (const history of fc.sample(histories, { numRuns: runs(40), seed: 6 })) {
      const vm = lived(history, fixed)
      const sealed = seal(vm.its)
      const listed = sealed.ok ? [...new Set(sealed.value.limits.flatMap((limit) => limit.profiles))] : []
      if (listed.length === 0) continue
      for (const its of savedOtherwise(history, vm.its)) {
        tried++
        expect(listed.filter((id) => restoresUnder(its, id).restores === 'exactly')).toEqual([])
      }
    }
    expect(tried).toBeGreaterThan(runs(150))
  })
})

describe('the same histories saved with heads of ours', () => {
  it('come back exactly through them, orphans or not', () => {
    let proven = 0
    fc.assert(
      fc.property(histories, (history) => {
        const vm = lived(history, orphaning)
        const limits = sealLimits(vm.its, storableSlots(vm.its)).filter((limit) => limit.profiles.includes('linux-7.3'))
        const saved = saveTables(vm.its, { heads: stampedHeads })
        if (limits.length > 0) return
        proven++
        expect(saved.ok).toBe(true)
        expect(restoresUnder(vm.its, 'linux-7.3', { heads: stampedHeads })).toEqual({ profile: 'linux-7.3', restores: 'exactly' })
      }),
      { numRuns: runs(150) },
    )
    expect(proven).toBeGreaterThan(runs(75))
  })
})

describe('the same histories saved as 6.12.117 saves', () => {
  it('are refused or restored wrongly often enough that the seal has something to prove', () => {
    const verdicts = { exactly: 0, otherwise: 0, not: 0 }
    for (const history of fc.sample(histories, { numRuns: 400, seed: 1 })) {
      const vm = lived(history, fixed)
      let detached = 0
      for (let slot = vm.its.devices.first(); slot >= 0; slot = vm.its.devices.after(slot)) {
        eachEvent(vm.its, slot, (_eventId, index) => {
          if (vm.its.events.icid(index) < 0) detached++
        })
      }
      const saved = saveTables(vm.its)
      if (saved.ok && detached + saved.value.unstorable.length === 0) verdicts[restoresUnder(vm.its, 'linux-6.12.117').restores]++
    }
    expect(verdicts.not).toBeGreaterThan(3)
    expect(verdicts.otherwise).toBeGreaterThan(20)
    expect(verdicts.exactly).toBeGreaterThan(200)
  })
})
