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

/** Names the table of each missing page; ITTs device by device, as many as a report lists findings. */
function* missingPages({ registers, its, missing, tables, budget }: Scene): Generator<Suspect> {
  if (missing.length === 0) return
  const pages = new UnnamedPages(missing)
  for (const { what, base, bytes } of registerRanges(registers, its.index)) {
    yield* missingFrom(pages, `the ${what}`, base, bytes)
  }
  let named = 0
  for (const { deviceId, ittAddr, eventIdBits } of tables.mappings.devices) {
    if (pages.left === 0 || named === budget.findings) break
    for (const one of missingFrom(pages, `the ITT of ${deviceName(deviceId)}`, ittAddr, 2 ** eventIdBits * ENTRY_BYTES)) {
      named++
      yield one
    }
  }
  const at = pages.first
  if (at === undefined) return
  const others = 'the second level of the device table or the LPI tables'
  const what = named === budget.findings ? `other ITTs, ${others}` : others
  yield suspect('M702', { what, pages: pages.left }, { ...LATENT, at })
}

function* missingFrom(pages: UnnamedPages, what: string, base: number, bytes: number): Generator<Suspect> {
  const { at, count } = pages.take(base, bytes)
  if (at !== undefined) yield suspect('M702', { what, pages: count }, { ...LATENT, at })
}

/** Missing pages that no table is named for so far: an entry may claim a table of 2^32 events, and many entries the same one. */
class UnnamedPages {
  left: number
  readonly #pages: Float64Array
  /** From each page the next one that is left, or another on the way there. */
  readonly #next: Int32Array

  constructor(missing: readonly Gpa[]) {
    this.#pages = Float64Array.from(missing)
      .sort()
      .filter((at, i, sorted) => at !== sorted[i - 1])
    this.#next = Int32Array.from({ length: this.#pages.length + 1 }, (_, i) => i)
    this.left = this.#pages.length
  }

  get first(): Gpa | undefined {
    return this.#pages[this.#from(0)] as Gpa | undefined
  }

  /** Those that a range touches, the first of them and how many. */
  take(base: number, bytes: number): { readonly at: Gpa | undefined; readonly count: number } {
    const place = (address: number) => firstPast(this.#pages.length, (i) => this.#pages[i]! >= address)
    const end = place(base + bytes)
    const first = this.#from(place(base - (base % PAGE_BYTES)))
    let count = 0
    for (let page = first; page < end; page = this.#from(page)) {
      this.#next[page] = page + 1
      count++
    }
    this.left -= count
    return { at: count > 0 ? (this.#pages[first] as Gpa) : undefined, count }
  }

  /** The first page from this one on that is left. */
  #from(page: number): number {
    const next = this.#next
    let at = page
    while (next[at] !== at) at = next[at] = next[next[at]!]!
    return at
  }
}

const NOTE = { effect: declared('note') }
const LATENT = { effect: declared('latent') }
