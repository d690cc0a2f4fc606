import { describe, expect, it, test } from 'vitest'
import { GITS, isProfileId, profileOfKernel } from '../../abi/index.ts'
import { itsFrame } from '../../its/index.ts'
import { sampled } from '../../memory/testing/runs.ts'
import { measureHeads } from './head-costs.ts'
import { seedMappings } from './seed-case.ts'
import { SeedGuest } from './seed-guest.ts'
import { SEED_BASE, type SeedTestOptions } from './seed-options.ts'
import { runSeedTest } from './seed-test.ts'

const asPosted: SeedTestOptions = {
  flow: 'v1',
  sameCollection: false,
  clear: false,
  l2Tables: 1,
  kernel: profileOfKernel(SEED_BASE)!.profile,
  save: 'plain',
  now: () => 0,
}

/** What each case came to: the call that failed, and what was lost and wrong of the mappings that were asked for. */
function cases(options: Partial<SeedTestOptions> = {}): string[] {
  return runSeedTest({ ...asPosted, ...options }).cases.map(({ save, reset, restore, lost, wrong }) => {
    const failed = [save, reset, restore].find((answer) => answer?.errno !== undefined)
    return [failed?.errno, lost && `${lost} lost`, wrong && `${wrong} wrong`].filter(Boolean).join(', ')
  })
}

const clean = ['', '', '', '', '']
const einval = ['', '', 'EINVAL, 1 lost', 'EINVAL, 8192 lost', 'EINVAL, 8192 lost']
const corrupted = ['', '', '1 lost, 1 wrong', '1 lost, 1 wrong', '8192 lost, 8192 wrong']
const nothingLeft = ['', '1 lost', '1 lost', '8192 lost', '8192 lost']

describe('the selftest on the kernel it was posted on', () => {
  it('has v6.12-rc6 for that, which differs in nothing from its profile', () => {
    expect(profileOfKernel(SEED_BASE)).toMatchObject({ profile: 'linux-6.12', release: '6.12-rc6', differs: [] })
  })

  it.each(['v1', 'v4'] as const)('%s: EINVAL without options, corruption with -s, a pass with -c', (flow) => {
    expect(cases({ flow })).toEqual(einval)
    expect(cases({ flow, sameCollection: true })).toEqual(corrupted)
    expect(cases({ flow, clear: true })).toEqual(clean)
    expect(cases({ flow, clear: true, sameCollection: true })).toEqual(clean)
  })

  test.each`
    what                             | options
    ${'the proposed heads'}          | ${{ head: 'proposed' }}
    ${'the proposed heads and -s'}   | ${{ head: 'proposed', sameCollection: true }}
    ${'our heads'}                   | ${{ head: 'ours' }}
    ${'our heads, -s and v4'}        | ${{ head: 'ours', sameCollection: true, flow: 'v4' }}
    ${'the profile of the proposal'} | ${{ kernel: 'proposal-2024', sameCollection: true }}
  `('passes with $what', ({ options }) => {
    expect(cases(options)).toEqual(clean)
  })

  it('has the flaws of the kernel again where the heads of the proposal are not wanted', () => {
    expect(cases({ kernel: 'proposal-2024', head: 'none' })).toEqual(einval)
  })
})

describe('the selftest on other kernels', () => {
  it.each(sampled(['linux-7.3.4', 'linux-6.12.90', 'linux-6.1.174'] as const, 3))(
    '%s clears what a guest unmaps: v4 passes, and v1 has unmapped all that it restores',
    (kernel) => {
      expect(cases({ kernel, flow: 'v4' })).toEqual(clean)
      expect(cases({ kernel, flow: 'v4', sameCollection: true })).toEqual(clean)
      expect(cases({ kernel })).toEqual(nothingLeft)
    },
  )

  it('linux-4.13 has no CTRL_RESET, and v4 ends at its EFAULT as the posted program does', () => {
    const report = runSeedTest({ ...asPosted, kernel: 'linux-4.13', flow: 'v4' })
    expect(report).toMatchObject({ passed: false, cases: [{ reset: { errno: 'EFAULT' }, passed: false }] })
    expect([report.cases.length, report.cases[0]?.restore, report.cases[0]?.lost]).toEqual([1, undefined, undefined])
  })

  it('linux-4.13 refuses tables with nothing in them, with -c as well', () => {
    expect(cases({ kernel: 'linux-4.13', clear: true })).toEqual(['EINVAL', '', '', '', ''])
  })

  it('up to 5.18 a restore that fails keeps the device before the one that failed', () => {
    expect(cases({ kernel: 'linux-5.10.223' })[3]).toBe('EINVAL, 8191 lost')
  })
})

describe('what the selftest maps', () => {
  it('is no collection and no device in the first case', () => {
    const report = runSeedTest({ ...asPosted, clear: true })
    const [nothing, first] = report.cases
    expect([nothing?.mapped, first?.mapped]).toEqual([0, 1])
    const collectionsEnd = 1
    const [firstLevel, secondLevel] = [8192, 8192]
    expect(nothing?.restore?.entries).toBe(collectionsEnd + firstLevel + secondLevel)
  })

  it('are the five cases of the posted program, in its order', () => {
    const mapped = seedMappings(8192).map(({ first, last, eventId }) => [first, last, eventId])
    expect(mapped).toEqual([
      [0, -1, 0],
      [1, 1, 1],
      [8190, 8190, 8190],
      [0, 8191, 2],
      [0, 8191, 8189],
    ])
    const reported = runSeedTest({ ...asPosted, clear: true }).cases.map(({ title, mapped }) => [title, mapped])
    expect(reported).toEqual(seedMappings(8192).map(({ title, first, last }) => [title, last - first + 1]))
  })

  it('gives each device 16 EventID bits, as the size field of its MAPD says', () => {
    const guest = new SeedGuest({ kernel: asPosted.kernel, l2Tables: 1 })
    guest.mapDevice(3)
    guest.sync()
    const { devices } = guest.its
    expect(devices.bits[devices.first()]).toBe(16)
    guest.mapDevice(3, false)
    guest.sync()
    expect([devices.count, itsFrame.read(guest.its, GITS.CREADR, 8)]).toEqual([0, 64n])
  })
})

describe('what heads cost', () => {
  const report = measureHeads(() => 0)

  it('reads 67 million entries without, one more an ITT and DTE with the proposed ones, none too many with ours', () => {
    const entries = Object.fromEntries(report.costs.map((cost) => [cost.head, cost.entries]))
    const [collections, firstLevel] = [2, 1]
    const devices = 8192
    expect(entries).toEqual({
      none: collections + firstLevel + devices + devices * (8189 + 1),
      proposed: collections + firstLevel + devices + devices * 2,
      ours: collections + firstLevel + 2 * devices,
    })
  })

  it('restores what was saved with each of them, on the kernel of the posting', () => {
    expect([report.passed, isProfileId(report.kernel), report.devices]).toEqual([true, true, 8192])
  })

  it('stands beside what was posted', () => {
    expect(report.costs.map(({ postedMs }) => postedMs)).toEqual([6000, 6, undefined])
  })
})
