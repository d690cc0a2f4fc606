import { explore, type HistoryStep, type Scope, scopes } from '@vits/core/scope'
import { beforeAll, describe, expect, it } from 'vitest'
import { ExitCode } from '../exit-code.ts'
import { vits } from '../testing/fake-io.ts'
import { scopeCase } from './scope-case.ts'

const restoredOn = ['linux-6.6'] as const

/** The shortest history to each kind of wrong restore of a scope, as far as few operations lead to it. */
const counterexamples = (scope: Scope, mostDepth: number) =>
  new Map(explore({ ...scope, restoredOn }, { mostDepth }).wrong.map(({ kind, history }) => [kind, history]))

const DEAD_DEVICE = 'dead device back'
const LIVE_DEVICE = 'dead device back + live device lost'
const EINVAL = 'restore fails: EINVAL, the ICID has no collection'
const DEAD_EVENT = 'dead event back in a live device'
const LIVE_EVENT = 'dead event back in a live device + live event lost'

let keeping: ReadonlyMap<string, readonly HistoryStep[]>
beforeAll(() => {
  keeping = counterexamples(scopes['keeping-unmapc'], 6)
})

const check = async (scope: Scope, history: readonly HistoryStep[]) =>
  vits(['check', '--kernel', 'linux-6.6', 'wrong.vits'], { 'wrong.vits': await scopeCase(scope, history) })

describe('the case of a counterexample', () => {
  it.each`
    kind           | code                 | says
    ${DEAD_DEVICE} | ${ExitCode.Ok}       | ${/D203 orphan-dte/}
    ${LIVE_DEVICE} | ${ExitCode.Problems} | ${/D207 orphan-ends-scan +restores, but loses 1 device without events/}
    ${EINVAL}      | ${ExitCode.Problems} | ${/The restore fails: EINVAL at DeviceID 0x0 event 0: the ICID has no collection/}
    ${DEAD_EVENT}  | ${ExitCode.Problems} | ${/The restore succeeds, and brings back 1 dead event/}
    ${LIVE_EVENT}  | ${ExitCode.Problems} | ${/The restore succeeds, and loses 1 of 1 live events and brings back 1 dead one/}
  `('is judged by vits check as the search found it: $kind', async ({ kind, code, says }) => {
    const ran = await check(scopes['keeping-unmapc'], keeping.get(kind)!)
    expect([ran.code, ran.err]).toEqual([code, ''])
    expect(ran.out).toMatch(says)
    expect(ran.out).toContain('commands in the queue, whole')
  })

  it('of a guest that was reset has the queue since then', async () => {
    const scope = scopes['clearing-old-tables']
    const ran = await check(scope, counterexamples(scope, 5).get(EINVAL)!)
    expect(ran.out).toContain('The restore fails: EINVAL at DeviceID 0x0 event 0: the ICID has no collection')
    expect(ran.out).toContain('2 commands in the queue, whole')
  })

  it('can be shown, repaired and restored in the lab', async () => {
    const files = { 'wrong.vits': await scopeCase(scopes['keeping-unmapc'], keeping.get(LIVE_EVENT)!) }
    const shown = await vits(['show', 'wrong.vits', '--view', 'guest'], files)
    expect(shown.out).toMatch(/LPI 8192/)
    const planned = await vits(['repair', '-n', 'wrong.vits'], files)
    expect(planned.out).toContain('0x40000000')
    const proven = await vits(['prove', 'wrong.vits'], files)
    expect([proven.code, proven.err]).toEqual([ExitCode.Ok, ''])
  })
})
