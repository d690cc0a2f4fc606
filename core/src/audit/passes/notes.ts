import { ENTRY_BYTES, hex, queueShape, type TableShape } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { declared, type Effect, type Suspect } from '../finding.ts'
import type { Detail, ProblemCode } from '../problems/index.ts'
import type { Scene } from '../scene.ts'

/** What bounds this report: a history that is not whole, witnesses that disagree, pages that the file does not hold. */
export function* notePass(scene: Scene): Generator<Suspect> {
  const { state, commands, pending, unknown } = scene.beliefs.history
  const enabled = (scene.input.registers.its.ctlr & 1) === 1
  if (pending > 0) yield note('Q601', { pending })
  if (state !== 'whole' && (enabled || commands > 0)) yield note('Q603', { state, commands })
  if (unknown > 0) yield note('Q604', { unknown })
  const [first] = scene.disputed
  if (first !== undefined) yield note('Q605', { disputed: scene.disputed.length, first })
  const count = scene.input.itsCount ?? 1
  if (count > 1) yield note('M701', { count })
  yield* missingPages(scene)
  if (scene.tables.cut || scene.restored.cut !== undefined) yield note('M703', { entries: scene.restored.entries }, 'latent')
}

/** Groups the missing pages by the table they belong to. */
function* missingPages({ input, view, tables }: Scene): Generator<Suspect> {
  const missing = input.missing ?? []
  if (missing.length === 0) return
  const queue = queueShape(input.registers.its.cbaser)
  const places: readonly (readonly [string, TableShape | typeof queue])[] = [
    ['the collection table', view.collectionTable],
    ['the device table', view.deviceTable],
    ['the command queue', queue],
  ]
  const itts = tables.mappings.devices.map(
    ({ deviceId, ittAddr, eventIdBits }) =>
      [`the ITT of DeviceID ${hex(deviceId)}`, { valid: true, base: ittAddr, bytes: 2 ** eventIdBits * ENTRY_BYTES }] as const,
  )
  const counts = new Map<string, { pages: number; at: Gpa }>()
  for (const page of missing) {
    const [what] = [...places, ...itts].find(
      ([, { valid, base, bytes }]) => valid && page + 4096 > base && page < base + bytes,
    ) ?? ['the second level of the device table or an LPI table']
    const known = counts.get(what)
    if (known === undefined) counts.set(what, { pages: 1, at: page })
    else known.pages++
  }
  for (const [what, { pages, at }] of counts) yield { ...note('M702', { what, pages }, 'latent'), at }
}

function note<C extends ProblemCode>(code: C, detail: Detail<C>, severity: Effect['severity'] = 'note'): Suspect {
  return {
    code,
    detail: detail as Detail<ProblemCode>,
    confidence: 'proven',
    at: undefined,
    entries: [],
    evidence: [],
    removal: [],
    fix: { says: '', safe: false, writes: [] },
    effect: declared(severity),
  }
}
