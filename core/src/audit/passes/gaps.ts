import { ENTRY_BYTES } from '../../abi/index.ts'
import type { KernelOutcome, RedistributorOutcome } from '../../guest-kernel/index.ts'
import { firstPast, type Gpa, PAGE_BYTES } from '../../memory/index.ts'
import { registerRanges } from '../../tables/index.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import { deviceName } from '../names.ts'
import { unreadQueues } from '../notifications.ts'
import type { Scene } from '../scene.ts'
import type { SimulatedRestore } from '../simulate.ts'
import { restoreHanging, wayWords } from '../unsettled.ts'

/** What was not looked at of one ITS, for the kernel whose restore is given. */
export function gapPass(scene: Scene, restored = scene.restored): readonly Suspect[] {
  return [...scene.once(kernelless), ...tablesGap(scene, restored)]
}

/** What of an audit did not fit its budget: findings that are not listed, and effects that are not measured. */
export function limitPass(
  { budget }: Scene,
  { isFull, isUnmeasured }: { readonly isFull: boolean; readonly isUnmeasured: boolean },
): readonly Suspect[] {
  return [
    ...(isFull ? [suspect('M704', { limit: budget.findings }, { ...NOTE, limit: 'findings' })] : []),
    ...(isUnmeasured ? [suspect('M708', {}, { ...NOTE, limit: 'work' })] : []),
  ]
}

/** What the restore comes to hangs on what is unknown of the kernel. */
export function unsettledPass(scene: Scene): readonly Suspect[] {
  const found = restoreHanging(scene)
  if (found === undefined) return []
  const ways = found.ways.map((way) => `${wayWords(way)} ${way.outcome.says}`)
  return [suspect('M710', { quirks: found.quirks, ways }, NOTE)]
}

/** What was not looked at, whatever kernel restores. */
function kernelless(scene: Scene): readonly Suspect[] {
  const { unread } = scene
  const queues = unreadQueues(scene)
  return [
    ...missingPages(scene),
    ...(unread.count > 0 ? [suspect('M705', { count: unread.count, first: unread.first }, NOTE)] : []),
    ...(scene.areLpisUnread ? [suspect('M706', {}, { ...NOTE, limit: 'bytes' })] : []),
    ...kernelGap(scene),
    ...(queues > 0 ? [suspect('M707', { queues }, { ...NOTE, limit: 'bytes' })] : []),
  ]
}

/** The budget ended the search for what the guest's kernel knows, where nobody else knows all. */
function kernelGap({ beliefs, guestKernel, guestRedistributors }: Scene): readonly Suspect[] {
  const isUnsure = !beliefs.isWhole || beliefs.disputed.length > 0
  const sought = [...(isUnsure ? [guestKernel] : []), guestRedistributors]
  const limit = sought.map(endedBy).find((ended) => ended !== undefined)
  return limit === undefined ? [] : [suspect('M709', {}, { ...NOTE, limit })]
}

const endedBy = (outcome: KernelOutcome | RedistributorOutcome | undefined) =>
  outcome !== undefined && 'missing' in outcome ? outcome.missing.limit : undefined

/** The tables or the command queue are larger than what may be looked at, or than what was loaded. */
function tablesGap({ tables, isQueueUnread }: Scene, { cut, entries }: SimulatedRestore): readonly Suspect[] {
  const limit = tables.cut === 'work' || cut === 'work' ? 'work' : 'bytes'
  if (tables.cut === undefined && cut === undefined && !isQueueUnread) return []
  return [suspect('M703', { limit, entries }, { ...LATENT, limit })]
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
