import { GICR_CTLR, GICR_PENDBASER, GICR_PROPBASER, hex, type RedistributorRegisters } from '../../abi/index.ts'
import type { KernelRedistributor, KernelRedistributors, RedistributorOutcome } from '../../guest-kernel/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { pendingLpis } from '../../tables/index.ts'
import { declared, evidence, type RegisterWrite, type Suspect, suspect } from '../finding.ts'
import { targetsOf } from '../pending-state.ts'
import { problems } from '../problems/index.ts'
import type { Scene } from '../scene.ts'

/**
 * LPI tables that are not those that the guest has, by its kernel or because two vCPUs cannot have one. They are the whole VM's: the
 * first ITS tells of them.
 */
export function* redistributorPass(scene: Scene): Generator<Suspect> {
  if (scene !== scene.vm[0]) return
  const { guestRedistributors: outcome } = scene
  const found = outcome !== undefined && 'found' in outcome ? outcome.found : undefined
  const enabled = scene.registers.redistributors.filter(({ ctlr }) => GICR_CTLR.decode(ctlr, 0).enableLpis)
  const copies = enabled.filter((one) => isCopy(one, enabled))
  const own = enabled.filter((one) => !copies.includes(one))
  const known = found?.vcpus ?? []
  yield* copied(scene, copies, known)
  yield* notTheGuests(scene, own, known)
  const told = new Set(known.map(({ vcpuId }) => vcpuId))
  yield* shared(
    scene,
    own.filter(({ vcpuId }) => !told.has(vcpuId)),
  )
  if (found !== undefined) yield* otherConfiguration(enabled, found)
}

const pendingTable = ({ pendbaser }: RedistributorRegisters): number => GICR_PENDBASER.unpack(pendbaser).address

/** vCPUs that take LPIs and whose registers name the same pending table, by its address. */
export function sharedPendingTables(redistributors: readonly RedistributorRegisters[]): ReadonlyMap<number, readonly number[]> {
  const byTable = new Map<number, number[]>()
  for (const one of redistributors) {
    if (!GICR_CTLR.decode(one.ctlr, 0).enableLpis) continue
    const table = pendingTable(one)
    byTable.set(table, [...(byTable.get(table) ?? []), one.vcpuId])
  }
  return new Map([...byTable].filter(([, vcpuIds]) => vcpuIds.length > 1))
}

/** Whether these are still the registers that were read in place of the vCPU's own. */
const isCopy = (one: RedistributorRegisters, all: readonly RedistributorRegisters[]): boolean =>
  one.copyOf !== undefined &&
  all.some((original) => original.vcpuId === one.copyOf && pendingTable(original) === pendingTable(one))

/** By the VMM's own mistake all have the table of one: what is wrong is known, and from the guest's kernel what would be right. */
function* copied(
  scene: Scene,
  copies: readonly RedistributorRegisters[],
  known: readonly KernelRedistributor[],
): Generator<Suspect> {
  const [first] = copies
  if (first === undefined) return
  const told = copies.flatMap((one) => toldTable(one, known) ?? [])
  const lost = told.reduce((sum, { vcpuId, write }) => sum + lostPending(scene, vcpuId, write.from, write.to), 0)
  const isWhole = told.length === copies.length
  const vcpuIds = copies.map(({ vcpuId }) => vcpuId)
  const writes = told.map(({ write }) => write)
  yield suspect(
    'R109',
    { from: first.copyOf!, vcpuIds, table: pendingTable(first), lost: isWhole ? lost : undefined },
    {
      evidence: told.map((one) => one.evidence),
      effect: declared(isWhole && lost === 0 ? 'latent' : 'corrupts'),
      fix: isWhole
        ? registerFix(writes)
        : { ...registerFix(writes), says: lookElsewhere(scene.guestRedistributors), safe: false },
    },
  )
}

/** The pending table that the guest's kernel has for a vCPU and its register does not name. */
function toldTable({ vcpuId, pendbaser }: RedistributorRegisters, known: readonly KernelRedistributor[]) {
  const its = known.find((kernels) => kernels.vcpuId === vcpuId)
  if (its === undefined || its.pendingTable === GICR_PENDBASER.unpack(pendbaser).address) return undefined
  const to = withAddress(GICR_PENDBASER, pendbaser, its.pendingTable)
  const says = `pend_page of the redistributor at ${hex(its.frame)} is the page at ${hex(its.pendingTable)}`
  const write = { register: 'GICR_PENDBASER', vcpuId, from: pendbaser, to } as const
  return { vcpuId, guests: its.pendingTable, write, evidence: evidence('R-kernel-rdist', says, its.at) }
}

/** What is no RAM is no table, and found by the restore. */
function* shared({ memory, guestRedistributors }: Scene, enabled: readonly RedistributorRegisters[]): Generator<Suspect> {
  for (const [table, vcpuIds] of sharedPendingTables(enabled)) {
    if (!memory.contains(table as Gpa)) continue
    const fix = { says: lookElsewhere(guestRedistributors), safe: false, writes: [] }
    yield suspect('R106', { table, vcpuIds }, { confidence: 'inferred', effect: declared('corrupts'), fix })
  }
}

/** Where the registers may be found, and why the guest's kernel does not have them. */
function lookElsewhere(outcome: RedistributorOutcome | undefined): string {
  const { fix } = problems.R106
  return outcome !== undefined && 'missing' in outcome ? `${fix}; of its kernel: ${outcome.missing.reason}` : fix
}

function* notTheGuests(
  scene: Scene,
  enabled: readonly RedistributorRegisters[],
  known: readonly KernelRedistributor[],
): Generator<Suspect> {
  for (const one of enabled) {
    const told = toldTable(one, known)
    if (told === undefined) continue
    const { vcpuId, guests, write } = told
    const lost = lostPending(scene, vcpuId, write.from, write.to)
    yield suspect(
      'R107',
      { vcpuId, saved: pendingTable(one), guests, lost },
      { evidence: [told.evidence], effect: declared(lost > 0 ? 'corrupts' : 'latent'), fix: registerFix([write]) },
    )
  }
}

/** Events whose LPIs are pending in the table that the guest has for a vCPU and not in the one that a restore reads. */
function lostPending({ memory, vm }: Scene, vcpuId: number, saved: bigint, guests: bigint): number {
  const read = new Set(pendingLpis(memory, saved).lpis)
  const unread = pendingLpis(memory, guests).lpis.filter((lpi) => !read.has(lpi))
  if (unread.length === 0) return 0
  const targets = targetsOf(vm)
  return unread.filter((lpi) => targets.get(lpi)?.has(vcpuId) === true).length
}

/** KVM has one GICR_PROPBASER for the whole VM. */
function* otherConfiguration(
  enabled: readonly RedistributorRegisters[],
  { configuration }: KernelRedistributors,
): Generator<Suspect> {
  if (configuration === undefined) return
  const { at, table } = configuration
  const writes = enabled.flatMap(({ vcpuId, propbaser }): RegisterWrite[] =>
    GICR_PROPBASER.unpack(propbaser).address === table
      ? []
      : [{ register: 'GICR_PROPBASER', vcpuId, from: propbaser, to: withAddress(GICR_PROPBASER, propbaser, table) }],
  )
  const [first] = writes
  if (first === undefined) return
  const saved = GICR_PROPBASER.unpack(first.from).address
  yield suspect(
    'R108',
    { vcpuIds: writes.map(({ vcpuId }) => vcpuId), saved, guests: table },
    {
      confidence: 'inferred',
      evidence: [evidence('R-kernel-rdist', `prop_table_pa is ${hex(table)}`, at)],
      effect: declared('corrupts'),
      fix: registerFix(writes),
    },
  )
}

const withAddress = (
  { unpack, pack }: { unpack(value: bigint): { readonly address: number }; pack(fields: { readonly address: number }): bigint },
  value: bigint,
  address: number,
): bigint => value - pack({ address: unpack(value).address }) + pack({ address })

const registerFix = (registers: readonly RegisterWrite[]): Suspect['fix'] => ({
  says: registers.map(({ register, vcpuId, to }) => `set ${register} of vCPU ${vcpuId} to ${hex(to)}`).join(', '),
  safe: true,
  writes: [],
  registers,
})
