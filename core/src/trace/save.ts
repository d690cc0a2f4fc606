import { KVM_DEV_ARM_CTRL as CTRL, GITS, KVM_DEV_ARM_VGIC_GRP as GROUP } from '../abi/index.ts'
import type { Call } from './call.ts'
import { errnoOf, type TraceFinding } from './finding.ts'
import { type AttributeCall, isAttribute, isOf, type Pause, type TracedVm } from './vm.ts'

/** What a VMM gets wrong when it saves, what becomes of it, and who taught it. No call of any of them fails but where one says so. */
export const saveRules = {
  'tables-not-saved': {
    says: 'the registers of the ITS are read and KVM_DEV_ARM_ITS_SAVE_TABLES is not called',
    otherwise: 'guest RAM holds the tables of an earlier save, or none, and a restore brings those back',
    taughtBy: 'Cloud Hypervisor in 2021 (pull request 3049): no MSI came after a live migration',
  },
  'save-failed': {
    says: 'the save of the tables fails, and the registers are read all the same',
    otherwise: 'what is saved is not what the guest has mapped',
    taughtBy: 'QEMU, which prints a message and goes on',
  },
  'pending-not-saved': {
    says: 'the tables are saved and KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES is not called',
    otherwise: 'LPIs that are pending in KVM are lost',
    taughtBy: undefined,
  },
  'msi-after-save': {
    says: 'a device sends an MSI after KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES',
    otherwise: 'its LPI is pending in KVM and not in guest RAM: the interrupt is lost, and its driver may wait for ever',
    taughtBy: 'Firecracker up to 1.14, which saves its devices after the GIC; QEMU, which drains its disks after it',
  },
  'tables-after-dirty-log': {
    says: 'KVM_GET_DIRTY_LOG is not called again after the tables are saved',
    otherwise: 'KVM wrote them after the last pass over dirty pages: what is sent or stored has older ones',
    taughtBy: 'diff snapshots of Firecracker that lack the pages KVM wrote: EFAULT on restore',
  },
  'one-mpidr': {
    says: 'redistributors of several vCPUs are accessed by the affinity of one',
    otherwise: 'all but that one are saved or restored with its registers: pending LPIs of the others are lost',
    taughtBy: 'Cloud Hypervisor v29 to v53 (pull request 8638)',
  },
} as const satisfies Readonly<Record<string, SaveRule>>

interface SaveRule {
  readonly says: string
  readonly otherwise: string
  readonly taughtBy: string | undefined
}

export type SaveRuleName = keyof typeof saveRules

/** What is wrong with the save that a pause holds; undefined when it holds none. */
export function lintSave(vm: TracedVm, calls: Pause): TraceFinding[] | undefined {
  const reads = (its: number, from: readonly Call[]) =>
    from.find((call) => call.op === 'get' && isOf(call, its, GROUP.ITS_REGS, GITS.CBASER))
  const isSave = (call: Call, its: number) => isOf(call, its, GROUP.CTRL, CTRL.ITS_SAVE_TABLES)
  const isPendingSave = (call: Call) => isOf(call, vm.gic, GROUP.CTRL, CTRL.VGIC_SAVE_PENDING_TABLES)
  const pending = calls.filter(isPendingSave)
  const saved = vm.itses.filter((its) => calls.some((call) => isSave(call, its)) || reads(its, calls) !== undefined)
  if (saved.length === 0 && pending.length === 0) return undefined
  const findings: TraceFinding[] = []
  const tell = (rule: SaveRuleName, line: number | undefined, its?: number, more = '') =>
    findings.push(findingOf(rule, line, its, more))
  for (const its of saved) {
    const read = reads(its, calls)
    const last = calls.findLast((call) => isSave(call, its))
    if (last === undefined) tell('tables-not-saved', read?.line, its)
    else if (last.ret < 0 && reads(its, calls.slice(calls.indexOf(last))) !== undefined) {
      tell('save-failed', last.line, its, ` (${errnoOf(last.ret)})`)
    }
  }
  const lastWrite = calls.findLast((call) => call.ret >= 0 && (isPendingSave(call) || saved.some((its) => isSave(call, its))))
  if (pending.length === 0 && lastWrite !== undefined) tell('pending-not-saved', lastWrite.line)
  const late = calls.slice(calls.indexOf(pending.at(-1)!) + 1).find(({ op }) => op === 'msi')
  if (pending.length > 0 && late !== undefined) tell('msi-after-save', late.line)
  const written = lastWrite === undefined ? -1 : calls.indexOf(lastWrite)
  const logged = calls.findLastIndex(({ op }) => op === 'dirty-log')
  if (logged >= 0 && logged < written) tell('tables-after-dirty-log', lastWrite?.line)
  return findings
}

/**
 * Registers that are accessed again in one pass over the redistributors, all by the affinity of one vCPU. A VMM that saves twice reads
 * other registers of the GIC in between, and one with a single vCPU has nothing to confuse.
 */
export function lintAffinities(vm: TracedVm, calls: Pause, op: AttributeCall['op']): TraceFinding[] {
  if (vm.vcpus === 1) return []
  return passesOf(
    vm,
    calls.filter((call) => call.op === op),
  ).flatMap((pass) => {
    const affinities = new Set(pass.map(({ attr }) => attr >> 32n))
    const seen = new Set<bigint>()
    const again = pass.find(({ attr }) => seen.size === seen.add(attr).size)
    if (affinities.size > 1 || again === undefined) return []
    return [findingOf('one-mpidr', again.line, undefined, ` (0x${[...affinities][0]!.toString(16)})`)]
  })
}

/** Accesses of redistributors that follow each other, with nothing but CPU interfaces between them. */
function passesOf({ gic, itses }: TracedVm, calls: readonly Call[]): AttributeCall[][] {
  const passes: AttributeCall[][] = []
  let pass: AttributeCall[] | undefined
  for (const call of calls.filter(isAttribute)) {
    if (call.fd !== gic && !itses.includes(call.fd)) continue
    if (call.fd === gic && call.group === GROUP.CPU_SYSREGS) continue
    if (call.fd !== gic || call.group !== GROUP.REDIST_REGS) {
      pass = undefined
      continue
    }
    if (pass === undefined) {
      pass = []
      passes.push(pass)
    }
    pass.push(call)
  }
  return passes
}

function findingOf(rule: SaveRuleName, line: number | undefined, its: number | undefined, more: string): TraceFinding {
  const { says, otherwise, taughtBy } = saveRules[rule]
  return { rule, its, line, says: `${says}${more}: ${otherwise}`, silent: rule !== 'save-failed', taughtBy }
}
