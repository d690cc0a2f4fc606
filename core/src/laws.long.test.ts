import { describe, expect, it } from 'vitest'
import { type Scope, scopes } from './scope/index.ts'
import { type Asked, askLaws, askOtherWays, type LawName, lawNames } from './testing/laws/ask-laws.ts'

/** Only in `npm run test:long` every image is asked, and every state is come to. */
const isLong = process.env['VITS_LONG'] !== undefined

const { keeping } = scopes
const also = (operation: Scope['operations'][number], more: Partial<Scope> = {}): Scope => ({
  ...keeping,
  operations: [...keeping.operations, operation],
  ...more,
})

/** Wholly asked: the scope of kernels that keep what is unmapped. */
const whole: readonly (readonly [string, Scope, number])[] = [['keeping', keeping, isLong ? 1 : 500]]

/** Asked in part, to a number of states. */
const inPart: readonly (readonly [string, Scope])[] = [
  ['far DeviceIDs', { ...keeping, deviceIds: [1, 20000] }],
  ['two-level tables', { ...keeping, deviceIds: [8191, 8192], deviceTable: 'two-level' }],
  ['three devices', { ...keeping, deviceIds: [0, 1, 2] }],
  ['a guest that unmaps every event before the device', { ...keeping, guest: 'linux' }],
  ['ITTs that are not zeroed', { ...keeping, guest: 'dirty-itt' }],
  ['freed ITTs that hold other data', also('SCRIBBLE')],
  ['resets with zeroed tables', also('RESET')],
  ['resets over old tables', also('RESET over old tables', { guest: 'reset-over-old-tables' })],
  ['migrations to a kernel that clears', also('MIGRATE', { migratesTo: ['linux-6.12.117'] })],
  ['pending LPIs', also('INT')],
]

function told(name: string, asked: Asked, names: readonly LawName[] = lawNames): void {
  for (const law of names) {
    const { asked: vms, contradictions, counts, first } = asked[law]
    process.stdout.write(`${name}, ${law}: ${vms} saved VMs, ${contradictions} contradictions\n`)
    for (const [word, count] of [...counts].sort()) process.stdout.write(`  ${count} ${word}\n`)
    expect(first).toEqual([])
    expect(vms).toBeGreaterThan(20)
  }
}

describe('whatever the command queue still tells of its history, of a saved VM', () => {
  it.each(whole)('of the scope %s every law holds', (name, scope, every) => {
    const { explored, asked } = askLaws(scope, { every, everyCut: 32 })
    expect(explored.ended).toBe('fixpoint')
    told(name, asked)
  })

  it.each(inPart)('with %s every law holds', (name, scope) => {
    const mostStates = isLong ? 300_000 : 20_000
    told(name, askLaws(scope, { every: 100, everyCut: 8, explore: { mostStates } }).asked)
  })

  it('by whatever way its guest came there every law holds', () => {
    told('random histories', askOtherWays(keeping, isLong ? 20_000 : 300, Number(process.env['VITS_SEED'] ?? 1)))
  })

  it('no repair is silently wrong where a guest unmaps collections, which R-itt-foreign does not foresee', () => {
    const names = ['wary restore', 'repair'] as const
    const mostStates = isLong ? 500_000 : 20_000
    told(
      'unmapped collections',
      askLaws(scopes['keeping-unmapc'], { every: 100, everyCut: 8, names, explore: { mostStates } }).asked,
      names,
    )
  })
})
