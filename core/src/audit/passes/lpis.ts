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
    yield* elsewhere(vcpuId, strays)
  }
  yield* unusable(scene, vcpus)
}

/** Bits of live LPIs on a vCPU to which no event sends them, and clear where one does: for each such vCPU. */
function* elsewhere(vcpuId: number, strays: readonly StrayBit[]): Generator<Suspect> {
  const lpis = new Map<number, number[]>()
  for (const { lpi, target } of strays) {
    if (target !== undefined) lpis.set(target, [...(lpis.get(target) ?? []), lpi])
  }
  for (const [target, [lpi, ...others]] of lpis) {
    yield suspect('L404', { lpi: lpi!, vcpuId, target, count: others.length + 1 }, { ...NOTE, confidence: 'inferred' })
  }
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
