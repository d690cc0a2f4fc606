import { type AuditInput, audit, type EventId, type Report } from '../audit/index.ts'
import type { GuestMemory } from '../memory/index.ts'
import { type Blockage, blockage } from './blockage.ts'
import { Mending } from './mending.ts'
import type { PlannedWrite } from './overlay.ts'
import { type KernelProof, type Obstacle, prove } from './proof.ts'
import type { RepairOptions } from './repair-options.ts'

/** A repair, thought through to its end and not written anywhere. */
export interface RepairPlan {
  readonly before: Report
  readonly after: Report
  /** Every word that changes, in address order; none when there is nothing that may be done. */
  readonly writes: readonly PlannedWrite[]
  /** What each kernel makes of the tables before and after. */
  readonly kernels: readonly KernelProof[]
  /** Why the result is not proven good, and must not be written; empty when it is. */
  readonly obstacles: readonly Obstacle[]
  /** Events that the guest has mapped and that no restore of the result brings back: it must set them up again. */
  readonly lost: readonly EventId[]
  /** Devices of which the same is true, those without an event included. */
  readonly lostDevices: readonly number[]
  /** Guest RAM with the words changed; its dirty pages are those that have to be written back. */
  readonly memory: GuestMemory
}

const MOST_ROUNDS = 64

/**
 * Plans the smallest change after which a restore brings back what the guest has mapped and nothing else, and proves it: the
 * changed tables are audited again until nothing more is found, and restored under every kernel profile. When only older
 * kernels stand in the way, the chains are sealed too.
 *
 * Every page that `repairFootprint` names must be loaded.
 *
 * @throws RangeError when a rebuild is asked for and the history does not hold everything.
 */
export function planRepair(input: AuditInput, options: RepairOptions): RepairPlan {
  const judged: AuditInput = options.profile === undefined ? input : { ...input, profile: options.profile }
  const plan = plannedOnce(judged, options)
  const elsewhere = plan.obstacles.length > 0 && plan.obstacles.every(({ kernel }) => kernel !== plan.after.kernel)
  if (options.seal || !elsewhere) return plan
  const sealed = plannedOnce(judged, { ...options, seal: true })
  return sealed.obstacles.length === 0 ? sealed : plan
}

function plannedOnce(input: AuditInput, options: RepairOptions): RepairPlan {
  const before = audit(input)
  const blocked = blockage(before.findings, 'repair')
  if (blocked !== undefined) return unplanned(input, before, blocked)
  const mending = new Mending(input, options, before)
  if (options.rebuild) mending.rebuild()
  let after = mending.overlay.changes === 0 ? before : audit(mending.input)
  const rounds = isWanted(before, options) ? MOST_ROUNDS : 0
  for (let round = 0; round < rounds && mending.step(after); round++) after = audit(mending.input)
  const { writes, memory } = mending.overlay
  return { before, after, writes, memory, ...prove(input, mending.input, before, after, isExhausted(options)) }
}

/** Tables of which not everything was looked at cannot be proven good, whatever is done to them. */
function unplanned(input: AuditInput, report: Report, { code, because }: Blockage): RepairPlan {
  const nothing = { writes: [], kernels: [], lost: [], lostDevices: [], memory: input.memory.fork() }
  return { before: report, after: report, obstacles: [{ kernel: '', says: `${code}: ${because}` }], ...nothing }
}

/** A VM that restores cleanly is left alone unless somebody asks for more. */
const isWanted = ({ verdict }: Report, { allow, rebuild, seal, strict }: RepairOptions): boolean =>
  verdict !== 'restores' || typeof allow === 'object' || rebuild === true || seal === true || strict === true

/** Everything that could bring an event back was tried. */
const isExhausted = ({ allow, rebuild }: RepairOptions): boolean => allow === 'everything' || rebuild === true
