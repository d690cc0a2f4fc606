import { ENTRY_BYTES, GITS_CTLR, itsCount, savedIts } from '../../abi/index.ts'
import { type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { registerRanges } from '../../tables/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import { deviceName } from '../names.ts'
import type { Scene } from '../scene.ts'

/**
 * What bounds this report: a history that is not whole, witnesses that disagree, pages that the file does not hold; `cutAt` when
 * there were more findings than it lists.
 */
export function* notePass(scene: Scene, cutAt?: number): Generator<Suspect> {
  const { state, commands, pending, unknown } = scene.beliefs.history
  const { registers, its } = scene.input
  const { enabled } = GITS_CTLR.decode(savedIts(registers, its).ctlr, 0)
  if (pending > 0) yield suspect('Q601', { pending }, NOTE)
  const matters = enabled && (state !== 'empty' || scene.tables.mappings.devices.length > 0)
  if (state !== 'whole' && (matters || commands > 0)) yield suspect('Q603', { state, commands }, NOTE)
  if (unknown > 0) yield suspect('Q604', { unknown }, NOTE)
  const [first] = scene.disputed
  if (first !== undefined) yield suspect('Q605', { disputed: scene.disputed.length, first }, NOTE)
  const count = itsCount(registers)
  if (count > 1) yield suspect('M701', { count }, NOTE)
  yield* missingPages(scene)
  if (cutAt !== undefined) yield suspect('M704', { limit: cutAt }, NOTE)
  if (scene.tables.cut || scene.restored.cut !== undefined) yield suspect('M703', { entries: scene.restored.entries }, LATENT)
}

/** Names the table of each missing page; ITTs device by device, only as long as there are pages without a name. */
function* missingPages({ input, tables }: Scene): Generator<Suspect> {
  const missing = new Set<number>(input.missing)
  for (const { what, base, bytes } of registerRanges(input.registers, input.its)) {
    yield* missingFrom(missing, `the ${what}`, base, bytes)
  }
  for (const { deviceId, ittAddr, eventIdBits } of tables.mappings.devices) {
    if (missing.size === 0) return
    yield* missingFrom(missing, `the ITT of ${deviceName(deviceId)}`, ittAddr, 2 ** eventIdBits * ENTRY_BYTES)
  }
  const [first] = missing
  if (first !== undefined) {
    const what = 'the second level of the device table or the LPI tables'
    yield suspect('M702', { what, pages: missing.size }, { ...LATENT, at: first as Gpa })
  }
}

/** Takes the pages of one table out of `missing`. */
function* missingFrom(missing: Set<number>, what: string, base: number, bytes: number): Generator<Suspect> {
  const before = missing.size
  let first: number | undefined
  for (let page = base - (base % PAGE_BYTES); page < base + bytes && missing.size > 0; page += PAGE_BYTES) {
    if (missing.delete(page)) first ??= page
  }
  if (first !== undefined) yield suspect('M702', { what, pages: before - missing.size }, { ...LATENT, at: first as Gpa })
}

const NOTE = { effect: declared('note') }
const LATENT = { effect: declared('latent') }
