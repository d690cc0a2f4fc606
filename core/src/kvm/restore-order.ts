import { GITS } from '../abi/index.ts'

/** The steps that bring the LPI side of a saved VM back, as a VMM takes them, in the order the kernel documents. */
export const restoreSteps = {
  memory: 'KVM_SET_USER_MEMORY_REGION, and guest RAM filled',
  vcpus: 'KVM_CREATE_VCPU for every vCPU',
  'gic-init': 'KVM_DEV_ARM_VGIC_CTRL_INIT of the GIC',
  'lpi-tables': 'GICR_PROPBASER and GICR_PENDBASER of every redistributor',
  'enable-lpis': 'GICR_CTLR of every redistributor',
  'its-address': 'KVM_VGIC_ITS_ADDR_TYPE',
  cbaser: 'GITS_CBASER',
  iidr: 'GITS_IIDR',
  creadr: 'GITS_CREADR',
  cwriter: 'GITS_CWRITER',
  basers: 'GITS_BASER<n>',
  'restore-tables': 'KVM_DEV_ARM_ITS_RESTORE_TABLES',
  'its-ctlr': 'GITS_CTLR',
  irqfd: 'KVM_IRQFD and KVM_SET_GSI_ROUTING of MSIs',
  run: 'KVM_RUN',
} as const

export type RestoreStep = keyof typeof restoreSteps

/**
 * The documented order. The last two are taken once the state is back.
 *
 * @source Linux Documentation/virt/kvm/devices/arm-vgic-its.rst, "ITS Restore Sequence"
 */
export const restoreOrder = Object.keys(restoreSteps) as readonly RestoreStep[]

/**
 * QEMU's order: as documented, but for GITS_IIDR, which it writes before the other registers of the ITS. KVM answers alike.
 *
 * @source QEMU hw/intc/arm_gicv3_its_kvm.c, kvm_arm_its_post_load
 */
export const qemuRestoreOrder: readonly RestoreStep[] = restoreOrder.flatMap((step) =>
  step === 'cbaser' ? ['iidr', step] : step === 'iidr' ? [] : [step],
)

/** Two steps whose order matters, and what KVM does when they come the other way round. */
interface OrderRule {
  readonly first: RestoreStep
  readonly then: RestoreStep
  /** When `first` comes after `then`, or never. */
  readonly otherwise: string
  /** No call fails: the VM runs, and interrupts are missing. */
  readonly silent: boolean
  /** The VMM that got it wrong, where one is known. */
  readonly taughtBy?: string
}

const rule =
  (silent: boolean) =>
  (first: RestoreStep, then: RestoreStep, otherwise: string, taughtBy?: string): OrderRule => ({
    first,
    then,
    otherwise,
    silent,
    ...(taughtBy !== undefined && { taughtBy }),
  })
const fails = rule(false)
const silently = rule(true)

const noAddress = 'register access before the ITS has an address is ENXIO'
const noRedistributor = 'no vCPU has the affinity in the attribute: EINVAL'
const noInit = 'redistributor access before the GIC is initialised is EBUSY'

/** Every pair of steps whose order matters to KVM. */
export const orderRules: readonly OrderRule[] = [
  fails('memory', 'restore-tables', 'the tables are not in RAM: EFAULT'),
  fails('vcpus', 'restore-tables', 'a collection’s RDbase names no vCPU: EINVAL'),
  fails('vcpus', 'lpi-tables', noRedistributor),
  fails('vcpus', 'enable-lpis', noRedistributor),
  fails('gic-init', 'lpi-tables', noInit),
  fails('gic-init', 'enable-lpis', noInit),
  fails(
    'lpi-tables',
    'enable-lpis',
    'both registers are ignored once LPIs are enabled, and RESTORE_TABLES reads LPIs at the wrong place: EFAULT',
    'Firecracker up to 1.12, without harm as it had no LPIs; an OpenVMM that saves the native state',
  ),
  fails('lpi-tables', 'restore-tables', 'LPIs are read where the reset values point: EFAULT, or another table’s bytes'),
  silently(
    'enable-lpis',
    'restore-tables',
    'enabling reads the pending tables again, whose bits the restore has consumed: pending LPIs are lost',
  ),
  ...(['cbaser', 'iidr', 'creadr', 'cwriter', 'basers', 'its-ctlr'] as const).map((then) =>
    fails('its-address', then, noAddress),
  ),
  silently(
    'cbaser',
    'creadr',
    'GITS_CBASER sets GITS_CREADR to 0 (and before it a larger offset is EINVAL): the guest’s next command runs the queue again from its start',
  ),
  silently('cbaser', 'cwriter', 'GITS_CBASER sets GITS_CWRITER to 0: commands that were queued are not executed'),
  silently('basers', 'restore-tables', 'a table that is not Valid is skipped with success: nothing is restored'),
  silently('cbaser', 'its-ctlr', 'enabling is refused without an error, and the ITS stays off'),
  silently('basers', 'its-ctlr', 'enabling is refused without an error, and the ITS stays off'),
  fails('creadr', 'its-ctlr', 'GITS_CREADR is EBUSY while the ITS is enabled; what lies in the queue is executed again'),
  silently(
    'cwriter',
    'its-ctlr',
    'enabling runs the queue from GITS_CREADR round to 0, and GITS_CWRITER then runs it again from its start',
  ),
  silently(
    'restore-tables',
    'its-ctlr',
    'queued commands run on an ITS that has nothing mapped, and a collection they map makes RESTORE_TABLES answer EEXIST',
    'an OpenVMM that saves the native state: GITS_CTLR came first',
  ),
  silently(
    'iidr',
    'restore-tables',
    'GITS_IIDR chooses the table ABI; there is revision 0 only so far',
    'an OpenVMM that saves the native state: GITS_IIDR was not saved',
  ),
  silently(
    'restore-tables',
    'irqfd',
    'an MSI route is translated when it is set up: no vLPI is mapped, and the interrupt is injected in software',
  ),
  silently('its-ctlr', 'run', 'the ITS is off while the guest runs: MSIs are EBUSY'),
]

/** A step that a VMM takes too late, not at all, or again. */
export interface OrderFinding {
  readonly problem: 'late' | 'missing' | 'again'
  readonly step: RestoreStep
  /** Where the step stands in the list; absent when it is missing. */
  readonly at?: number
  /** The step before which it belongs. */
  readonly before?: RestoreStep
  /** What KVM does about it. */
  readonly otherwise: string
  readonly silent: boolean
  /** The VMM that got it wrong, where one is known. */
  readonly taughtBy?: string
}

/** An order finding in a line: `GITS_CREADR does not come before GITS_CTLR: GITS_CREADR is EBUSY ...`. */
export function orderFindingText({ problem, step, before, otherwise, silent }: OrderFinding): string {
  const where = before === undefined ? '' : ` before ${restoreSteps[before]}`
  const what = { late: `does not come${where}`, missing: `is missing${where}`, again: 'comes again' }[problem]
  return `${restoreSteps[step]} ${what}: ${otherwise}${silent ? ' (no call fails)' : ''}`
}

/** Names each step of a VMM's restore that is out of order, missing or repeated, and what KVM does about it. */
export function lintRestoreOrder(steps: readonly RestoreStep[]): OrderFinding[] {
  const findings: OrderFinding[] = []
  for (const { first: step, then: before, ...about } of orderRules) {
    const due = steps.indexOf(before)
    const at = steps.indexOf(step)
    if (due < 0 || (at >= 0 && at < due)) continue
    if (at < 0) findings.push({ problem: 'missing', step, before, ...about })
    else findings.push({ problem: 'late', step, at, before, ...about })
  }
  for (const [step, otherwise] of Object.entries(neverTaken) as [RestoreStep, string][]) {
    if (!steps.includes(step)) findings.push({ problem: 'missing', step, otherwise, silent: true })
  }
  for (const [step, otherwise] of Object.entries(takenAgain) as [RestoreStep, string][]) {
    const after = steps.indexOf('restore-tables')
    const at = after < 0 ? -1 : steps.indexOf(step, after + 1)
    if (at >= 0 && steps.indexOf(step) < at) {
      findings.push({ problem: 'again', step, at, otherwise, silent: step !== 'restore-tables' })
    }
  }
  return findings
}

const neverTaken: Partial<Record<RestoreStep, string>> = {
  'restore-tables': 'nothing is mapped: every MSI is lost',
  'its-ctlr': 'the ITS stays off: every MSI is lost',
  cwriter: 'the guest’s next command also runs what was queued before',
}

const takenAgain: Partial<Record<RestoreStep, string>> = {
  'restore-tables': 'EEXIST at the first collection; the collections are dropped and the devices stay without them',
  basers: 'a change forgets all that was restored (since 7.3, 6.12.112), the same value nothing',
}

const stepsOfItsRegisters: readonly (readonly [number, RestoreStep])[] = [
  [GITS.CTLR, 'its-ctlr'],
  [GITS.IIDR, 'iidr'],
  [GITS.CBASER, 'cbaser'],
  [GITS.CREADR, 'creadr'],
  [GITS.CWRITER, 'cwriter'],
]

/** The step that writes the ITS register at an offset of its frame; undefined for what no restore writes. */
export function stepOfItsRegister(offset: number): RestoreStep | undefined {
  if (offset >= GITS.BASER0 && offset <= GITS.BASER7) return 'basers'
  return stepsOfItsRegisters.find(([at]) => at === offset)?.[1]
}
