import { ENTRY_BYTES, GITS_CTLR, itsCount } from '../../abi/index.ts'
import { firstPast, type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { registerRanges } from '../../tables/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import { deviceName } from '../names.ts'
import { unreadQueues } from '../notifications.ts'
import type { Scene } from '../scene.ts'

/**
 * What bounds this report: a history that is not whole, witnesses that disagree, pages that the file does not hold; `isCut`: there
 * were more findings than it lists.
 */
export function* notePass(scene: Scene, isCut: boolean): Generator<Suspect> {
  const { state, commands, pending, unknown } = scene.beliefs.history
  const { enabled } = GITS_CTLR.decode(scene.saved.ctlr, 0)
  if (pending > 0) yield suspect('Q601', { pending }, NOTE)
  const matters = enabled && (state !== 'empty' || scene.tables.mappings.devices.length > 0)
  if (state !== 'whole' && !scene.beliefs.isWhole && (matters || commands > 0)) yield suspect('Q603', { state, commands }, NOTE)
  if (unknown > 0) yield suspect('Q604', { unknown }, NOTE)
  const { disputed } = scene.beliefs
  const [first] = disputed
  if (first !== undefined) yield suspect('Q605', { disputed: disputed.length, first }, NOTE)
  const count = itsCount(scene.registers)
  if (count > scene.vm.length) yield suspect('M701', { count, looked: scene.vm.map(({ its }) => its.index) }, NOTE)
  yield* missingPages(scene)
  if (scene.unread.count > 0) yield suspect('M705', { count: scene.unread.count, first: scene.unread.first }, NOTE)
  if (isCut) yield suspect('M704', { limit: scene.budget.findings }, NOTE)
  if (scene.areTablesCut) yield suspect('M703', { entries: scene.restored.entries }, LATENT)
  if (scene.areLpisUnread) yield suspect('M706', {}, NOTE)
  const queues = unreadQueues(scene)
  if (queues > 0) yield suspect('M707', { queues }, NOTE)
}

/** Names the table of each missing page; ITTs device by device, only as long as there are pages without a name. */
function* missingPages({ registers, its, missing: pages, tables }: Scene): Generator<Suspect> {
  const missing = [...new Set(pages)].sort((a, b) => a - b)
  for (const { what, base, bytes } of registerRanges(registers, its.index)) {
    yield* missingFrom(missing, `the ${what}`, base, bytes)
  }
  for (const { deviceId, ittAddr, eventIdBits } of tables.mappings.devices) {
    if (missing.length === 0) return
    yield* missingFrom(missing, `the ITT of ${deviceName(deviceId)}`, ittAddr, 2 ** eventIdBits * ENTRY_BYTES)
  }
  const [first] = missing
  if (first !== undefined) {
    const what = 'the second level of the device table or the LPI tables'
    yield suspect('M702', { what, pages: missing.length }, { ...LATENT, at: first })
  }
}

/** Takes the pages of one table out of `missing`, which is in order: an entry may claim a table of 2^32 events. */
function* missingFrom(missing: Gpa[], what: string, base: number, bytes: number): Generator<Suspect> {
  const from = (address: number) => firstPast(missing.length, (i) => missing[i]! >= address)
  const start = from(base - (base % PAGE_BYTES))
  const pages = missing.splice(start, from(base + bytes) - start)
  if (pages.length > 0) yield suspect('M702', { what, pages: pages.length }, { ...LATENT, at: pages[0]! })
}

const NOTE = { effect: declared('note') }
const LATENT = { effect: declared('latent') }
