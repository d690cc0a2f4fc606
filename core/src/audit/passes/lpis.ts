import type { Gpa, ReadonlyMemory } from '../../memory/index.ts'
import { pendingBit, pendingWord } from '../../tables/index.ts'
import { type EntryView, entryAt } from '../entries.ts'
import { declared, type Suspect, suspect } from '../finding.ts'
import type { Mappings } from '../mappings.ts'
import { pendingState, type StrayBit, type VcpuPending } from '../pending-state.ts'
import type { Scene } from '../scene.ts'

/** Pending bits that no restore reads, and pending tables that none can. They are the whole VM's: the first ITS tells of them. */
export function* lpiPass(scene: Scene): Generator<Suspect> {
  if (scene !== scene.vm[0]) return
  const { vcpus } = pendingState(scene)
  for (const { vcpuId, strays } of vcpus) {
    const nobodys = strays.filter(({ target }) => target === undefined)
    const [first] = nobodys
    if (first !== undefined) yield suspect('L403', { lpi: first.lpi, vcpuId, count: nobodys.length }, NOTE)
    yield* elsewhere(scene, vcpuId, strays)
  }
  yield* unusable(scene, vcpus)
}

/** Bits of live LPIs on a vCPU to which no event sends them, and clear where one does: for each such vCPU. */
function* elsewhere(scene: Scene, vcpuId: number, strays: readonly StrayBit[]): Generator<Suspect> {
  const lpis = new Map<number, number[]>()
  for (const { lpi, target } of strays) {
    if (target !== undefined) lpis.set(target, [...(lpis.get(target) ?? []), lpi])
  }
  for (const [target, moved] of lpis) {
    const detail = { lpi: moved[0]!, vcpuId, target, count: moved.length }
    const parts = moved.length > MOST_MOVED ? {} : movedBits(scene, vcpuId, target, moved)
    yield suspect('L404', detail, { ...NOTE, ...parts, confidence: 'inferred' })
  }
}

/** LPIs whose bits a fix moves: a table with more such bits than that holds something else. */
const MOST_MOVED = 64

/** Sets the bits of LPIs on the vCPU to which their events go, and clears them where no restore reads them. */
function movedBits({ memory, registers }: Scene, from: number, to: number, lpis: readonly number[]) {
  const changed = memory.fork()
  const rows = new Map<Gpa, EntryView | undefined>()
  for (const lpi of lpis) {
    for (const [vcpuId, isSet, role] of [[to, true, 'clear'] as const, [from, false, 'set'] as const]) {
      const word = pendingWord(changed, pendingBit(memory, registers, vcpuId, lpi)!, isSet)
      changed.setWord(word.at, ...word.to)
      if (!rows.has(word.at)) rows.set(word.at, entryAt(memory, 'pending', word.at, `LPI ${lpi} of vCPU ${vcpuId}`, role))
    }
  }
  const halves = (of: ReadonlyMemory, at: Gpa) => [of.u32(at), of.u32((at + 4) as Gpa)] as const
  const writes = [...rows.keys()].map((at) => ({ at, from: halves(memory, at), to: halves(changed, at) }))
  const says = `set the pending bits of ${lpis.length === 1 ? `LPI ${lpis[0]}` : `${lpis.length} LPIs`} on vCPU ${to}, and clear them on vCPU ${from}`
  return { rows: [...rows.values()], fix: { says, safe: false, writes } }
}

/** Of a vCPU to which an event goes, the restore of that event tells. */
function* unusable(scene: Scene, vcpus: readonly VcpuPending[]): Generator<Suspect> {
  const outside = vcpus.filter(({ isEnabled, unread, table }) => isEnabled && unread === 'outside RAM' && !scene.mayBeRam(table))
  if (outside.length === 0) return
  const used = new Set(scene.vm.flatMap(({ tables: { mappings } }) => [...usedVcpus(mappings)]))
  for (const { vcpuId, table } of outside) {
    if (!used.has(vcpuId)) yield suspect('L405', { vcpuId, table }, { effect: declared('latent') })
  }
}

/** The vCPUs to which the tables send an event. */
function* usedVcpus({ collections, events: { icid, length } }: Mappings): Generator<number | undefined> {
  for (const one of new Set(icid.subarray(0, length))) yield collections.get(one)
}

const NOTE = { effect: declared('note') }
