import { describe, expect, it } from 'vitest'
import type { Truth } from './truth.ts'
import { judge } from './verdict.ts'
import type { Repaired, Said } from './vits.ts'

const set = (...lpis: number[]) => new Set(lpis)
type Done = Extract<Truth['restore'], { done: true }>
const restores = (lpis: ReadonlySet<number>, ...silent: string[]): Done => ({
  done: true,
  lpis,
  misdirected: 0,
  silent,
  rang: lpis,
})
const refused: Truth['restore'] = { done: false, why: 'Invalid argument' }
const healthy: Truth = { astray: 0, live: set(8192, 8193), restore: restores(set(8192, 8193)) }
const wellSaid: Extract<Said, { read: true }> = {
  ...{ read: true, exit: 0, verdict: 'restores', errno: null, lost: 0, revived: 0, misdirected: 0, findings: [] },
  ...{ dead: set(), live: set(8192, 8193), restored: set(8192, 8193) },
}
const fails = { ...wellSaid, exit: 4, verdict: 'fails', errno: 'EINVAL', lost: 2, restored: set() }
const words = ['0x43d56a00 0x00000000_20000000 -> 0x00000000_00000000']
const repair = (...restored: number[]): Repaired => ({ wrote: true, words, restored: set(...restored) })
const corrupted: Truth = { ...healthy, restore: restores(set(8192, 8193, 8200)) }
const seen: Said = { ...wellSaid, exit: 4, revived: 1, dead: set(8200), restored: set(8192, 8193, 8200) }
const ended = (truth: Truth, restore: Truth['restore']): Truth => ({ ...truth, repaired: { words, restore } })

describe('what vits says of a save, by the truth', () => {
  it.each<[string, Truth, Said, Repaired | undefined, ReturnType<typeof judge>['kind']]>([
    ['all comes back, as it says', healthy, wellSaid, undefined, 'agrees'],
    ['a restore fails, as it says', { ...healthy, restore: refused }, fails, repair(8192, 8193), 'agrees'],
    [
      'a dead event comes back, as it says',
      { ...healthy, restore: restores(set(8192, 8193, 8200)) },
      { ...wellSaid, exit: 4, revived: 1, dead: set(8200), restored: set(8192, 8193, 8200) },
      repair(8192, 8193),
      'agrees',
    ],
    ['it cannot read what restores', healthy, { read: false, why: 'no RAM' }, undefined, 'unreadable'],
    ['it says that a restore fails that works', healthy, fails, undefined, 'false alarm'],
    ['it calls a live event dead', healthy, { ...wellSaid, dead: set(8193) }, undefined, 'false alarm'],
    [
      'it says that an event is lost that comes back',
      healthy,
      { ...wellSaid, lost: 1, restored: set(8192) },
      undefined,
      'false alarm',
    ],
    ['it says that a restore works that fails', { ...healthy, restore: refused }, wellSaid, undefined, 'miss'],
    ['it does not see that an event is lost', { ...healthy, restore: restores(set(8192)) }, wellSaid, undefined, 'miss'],
    [
      'it does not see a dead event come back',
      { ...healthy, restore: restores(set(8192, 8193, 8200)) },
      wellSaid,
      undefined,
      'miss',
    ],
    [
      'it sees no problem where a disk is silent',
      { ...healthy, restore: restores(healthy.live, '/dev/vda') },
      wellSaid,
      undefined,
      'miss',
    ],
    ['it sees an event go astray that does not', healthy, { ...wellSaid, misdirected: 1 }, undefined, 'false alarm'],
    [
      'it does not see an event go astray',
      { ...healthy, restore: { ...restores(healthy.live), misdirected: 1 } },
      wellSaid,
      undefined,
      'miss',
    ],
    [
      'an event went astray before it was saved, and nothing in the save tells',
      { ...healthy, astray: 1, restore: { ...restores(healthy.live), misdirected: 1 } },
      wellSaid,
      undefined,
      'agrees',
    ],
    ['its repair takes a live event from a VM that restores', healthy, { ...wellSaid, exit: 4 }, repair(8192), 'harmful repair'],
    [
      'its repair of one that fails brings less than all',
      { ...healthy, restore: refused },
      fails,
      repair(8192),
      'harmful repair',
    ],
    [
      'its repair restores all that is live and no more',
      ended(corrupted, restores(healthy.live)),
      seen,
      repair(8192, 8193),
      'agrees',
    ],
    [
      'its repair loses an event in a real restore',
      ended(corrupted, restores(set(8192))),
      seen,
      repair(8192, 8193),
      'harmful repair',
    ],
    [
      'its repair silences a disk',
      ended(corrupted, restores(healthy.live, '/dev/vda')),
      seen,
      repair(8192, 8193),
      'harmful repair',
    ],
    [
      'its repair silences nothing that was not silent before',
      ended({ ...corrupted, restore: restores(set(8192, 8193, 8200), '/dev/vda') }, restores(healthy.live, '/dev/vda')),
      seen,
      repair(8192, 8193),
      'agrees',
    ],
    ['its repair is refused', ended(corrupted, refused), seen, repair(8192, 8193), 'harmful repair'],
    [
      'its repair sends an event astray',
      ended(corrupted, { ...restores(healthy.live), misdirected: 1 }),
      seen,
      repair(8192, 8193),
      'harmful repair',
    ],
    [
      'its repair of one that fails is refused too',
      ended({ ...healthy, restore: refused }, refused),
      fails,
      repair(8192, 8193),
      'miss',
    ],
    ['a dead event comes back from what it repaired', ended(corrupted, corrupted.restore), seen, repair(8192, 8193), 'miss'],
    [
      'what was restored is another repair than that of today',
      { ...corrupted, repaired: { words: [], restore: restores(set(8192)) } },
      seen,
      repair(8192, 8193),
      'agrees',
    ],
  ])('%s', (_, truth, said, repaired, kind) => {
    expect(judge(truth, said, repaired).kind).toBe(kind)
  })

  it('is the worst of several wrongs', () => {
    const said = { ...fails, dead: set(8193) }
    expect(judge(healthy, said, repair(8192))).toEqual({
      kind: 'harmful repair',
      why: '1 live events that the repaired file does not bring back',
    })
  })
})
