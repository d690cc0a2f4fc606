import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { claim, hasFree, newClaims, onlyOne, takeFirst } from './claims.ts'
import { InOrder } from './in-order.ts'
import { Progress } from './progress.ts'
import type { Leashed } from './thread.ts'

const turn = (index: number) => ({ file: `${index}`, index, bits: 0, out: '', err: '', document: undefined })
const leashed = (others: Partial<Leashed>) => ({ io: { err: () => {}, out: () => {} }, ...others }) as unknown as Leashed

describe('turns', () => {
  it('are told in the order of the files, whatever the order in which they end', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7], { minLength: 8 }), (order) => {
        const heard: number[] = []
        let done = 0
        const answers = new InOrder(leashed({ hear: ({ index }) => heard.push(index) }), newClaims(8), { next: () => done++ })
        for (const index of order) answers.turn(turn(index))
        expect([heard, done]).toEqual([[0, 1, 2, 3, 4, 5, 6, 7], 8])
      }),
    )
  })

  it('are of one thread each, and a file that is to have its turn alone is all that a thread can take', () => {
    const claims = newClaims(3)
    expect([claim(claims, 0), claim(claims, 0), hasFree(claims)]).toEqual([true, false, true])
    const alone = onlyOne(claims, 1)
    expect([claim(alone, 0), claim(alone, 2), claim(alone, 1), hasFree(alone)]).toEqual([false, false, true, false])
    expect([takeFirst(claims), takeFirst(claims), takeFirst(claims)]).toEqual([1, 2, undefined])
  })

  it('say once what every thread says', () => {
    const said: string[] = []
    const answers = new InOrder(
      leashed({ hear: () => {}, io: { err: (text: string) => said.push(text) } as never }),
      newClaims(1),
      { next: () => {} },
    )
    for (const text of ['a kernel', 'a kernel', 'another']) answers.outside('err', text)
    expect(said).toEqual(['a kernel', 'another'])
  })
})

describe('the line of progress', () => {
  const shown = (
    threads: readonly { readonly file: string | undefined; readonly since: number; readonly at: string }[],
    files: string[],
    now: number,
  ) => {
    const seen: string[] = []
    let clock = 0
    const io = { now: () => clock, progress: (text: string) => seen.push(text) }
    const progress = new Progress({ io, files, eachFile: true } as never, new Set(threads) as never)
    progress.next()
    clock = now
    progress.show()
    progress.show()
    progress.end()
    return seen
  }

  it.each([
    ['nothing of what is done within a second', 999, ['vm'], []],
    ['the work and its seconds of one file', 3500, ['vm'], ['vm: auditing, 3 s', '']],
    [
      'how many files are done of several, and the one that takes longest',
      3500,
      ['vm', 'b'],
      ['1 of 2 files, vm: auditing, 3 s', ''],
    ],
  ])('shows %s, and is cleared at the end', (_what, now, files, words) => {
    expect(
      shown(
        [
          { file: 'vm', since: 10, at: 'auditing' },
          { file: 'b', since: 2000, at: '' },
        ],
        files,
        now,
      ),
    ).toEqual(words)
  })

  it('shows how many are done where none takes long', () => {
    expect(shown([{ file: undefined, since: Number.POSITIVE_INFINITY, at: '' }], ['a', 'b'], 1200)).toEqual(['1 of 2 files', ''])
  })

  it('is nowhere where nobody watches', () => {
    const progress = new Progress({ io: { now: () => 0, progress: undefined }, files: [], eachFile: true } as never, new Set())
    progress.show()
    progress.end()
  })
})
