import {
  KVM_DEV_ARM_CTRL as CTRL,
  GICR,
  GICR_CTLR,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_CTLR,
  KVM_DEV_ARM_VGIC_GRP as GROUP,
} from '../abi/index.ts'
import {
  lintRestoreOrder,
  type OrderFinding,
  orderFindingText,
  type RestoreStep,
  restoreSteps,
  stepOfItsRegister,
} from '../kvm/index.ts'
import type { Call, CallOf } from './call.ts'
import { errnoOf, type TraceFinding } from './finding.ts'
import { isOf, type Pause, type TracedVm } from './vm.ts'

/** A step that a call takes. */
interface Taken {
  readonly step: RestoreStep
  readonly line: number
  /** The register of which vCPU or ITS it writes; empty for a step that has but one. */
  readonly register: string
  /** The vCPU whose redistributor it writes, as its affinity. */
  readonly affinity: number | undefined
  readonly value: bigint | undefined
  /** What KVM answered. */
  readonly ret: number
  /** It brings something back: a reset writes zeroes to the same registers. */
  readonly isMeant: boolean
}

/** Steps that a trace which begins late does not show, and that a second restore of the same VM need not take again. */
const onceOnly: readonly RestoreStep[] = ['memory', 'vcpus', 'gic-init', 'its-address']
/** Steps that are taken register by register, each of which has its own place in the order. */
const manyfold: readonly RestoreStep[] = ['lpi-tables', 'enable-lpis', 'basers']

/** What is out of order in the restores of an ITS, by the pause that holds one. */
export function lintRestores(vm: TracedVm, pauses: readonly Pause[], its: number): ReadonlyMap<Pause, TraceFinding[]> {
  const found = new Map<Pause, TraceFinding[]>()
  const before = new Map<RestoreStep, Taken>()
  for (const pause of pauses) {
    const now = stepsOf(vm, its, pause)
    const isRestore = now.some(({ step, isMeant }) => step === 'restore-tables' || (step === 'basers' && isMeant))
    if (isRestore) found.set(pause, lintRestore(vm, { before: [...before.values()], now, its }))
    for (const taken of now) if (onceOnly.includes(taken.step) && !before.has(taken.step)) before.set(taken.step, taken)
  }
  return found
}

interface Restore {
  /** What an earlier pause has done once and for all. */
  readonly before: readonly Taken[]
  readonly now: readonly Taken[]
  readonly its: number
}

function lintRestore(vm: TracedVm, { before, now, its }: Restore): TraceFinding[] {
  const steps = [...before, ...brought(now)]
  const isShown = ({ problem, step }: OrderFinding) =>
    problem !== 'missing' || vm.isWhole || (!onceOnly.includes(step) && steps.some(({ affinity }) => affinity !== undefined))
  const found = new Map<string, TraceFinding>()
  for (const seen of sights(steps)) {
    for (const finding of lintRestoreOrder(seen.map(({ step }) => step)).filter(isShown)) {
      const told = traceFinding(finding, seen, its)
      if (!found.has(told.says)) found.set(told.says, told)
    }
  }
  return [...refused(now, its), ...found.values()]
}

/** Steps that KVM refuses, and that no later call takes. */
function refused(steps: readonly Taken[], its: number): TraceFinding[] {
  const findings: TraceFinding[] = []
  const taken = new Set<string>()
  for (const { step, register, line, ret } of [...steps].reverse()) {
    if (ret >= 0) taken.add(`${step} ${register}`)
    else if (!taken.has(`${step} ${register}`)) {
      const says = `${restoreSteps[step]}: KVM answers ${errnoOf(ret)}`
      findings.push({ rule: `${step}-refused`, its, line, says, silent: false, taughtBy: undefined })
    }
  }
  return findings.reverse()
}

function traceFinding(finding: OrderFinding, seen: readonly Taken[], its: number): TraceFinding {
  const { problem, step, before, at, silent, taughtBy } = finding
  const place = at ?? seen.findIndex((one) => one.step === before)
  return {
    rule: problem === 'again' ? `${step}-again` : before === undefined ? `${step}-missing` : `${step}-before-${before}`,
    its,
    line: seen[place]?.line,
    says: orderFindingText(finding),
    silent,
    taughtBy,
  }
}

/** What brings a register back: writes that change it, those of a reset left out where others follow. */
function brought(steps: readonly Taken[]): Taken[] {
  const last = new Map<string, Taken>()
  const changes = steps.filter((one) => {
    const known = one.register === '' ? undefined : last.get(one.register)
    last.set(one.register, one)
    return known === undefined || one.value === undefined || one.value !== known.value
  })
  const meant = new Set(changes.filter(({ isMeant }) => isMeant).map(({ register }) => register))
  return changes.filter((one) => one.isMeant || (!meant.has(one.register) && last.get(one.register) === one))
}

/** The steps as each register sees them that is one of many: with those of which there is one, and those of its own vCPU. */
function sights(steps: readonly Taken[]): Taken[][] {
  const of = (step: RestoreStep) => [...new Set(steps.filter((one) => one.step === step).map(({ register }) => register))]
  const affinities = [...new Set(steps.flatMap(({ affinity }) => affinity ?? []))]
  const [tables, basers] = [of('lpi-tables'), of('basers')]
  const used = basers.filter((register) => steps.some((one) => one.register === register && one.isMeant))
  const [firstBaser] = used.length > 0 ? used : basers
  const sight = (affinity: number | undefined, table: string | undefined, baser: string | undefined) =>
    steps.filter(({ step, register, affinity: of }) => {
      if (!manyfold.includes(step)) return true
      if (step === 'basers') return register === baser
      return of === affinity && (step === 'enable-lpis' || register === table)
    })
  const ofVcpus = affinities.flatMap((affinity) => {
    const mine = tables.filter((register) => register.startsWith(`${affinity} `))
    return (mine.length > 0 ? mine : [undefined]).map((table) => sight(affinity, table, firstBaser))
  })
  const [affinity] = affinities
  const [table] = tables
  const ofBasers = (used.length > 0 ? used : [firstBaser]).map((baser) => sight(affinity, table, baser))
  return [...ofVcpus, ...ofBasers]
}

/** The steps that calls take for an ITS; what came before its reset is void. */
function stepsOf(vm: TracedVm, its: number, calls: readonly Call[]): Taken[] {
  const steps: Taken[] = []
  for (const call of calls) {
    if (isOf(call, its, GROUP.CTRL, CTRL.ITS_CTRL_RESET)) {
      const kept = steps.filter(({ step, affinity }) => onceOnly.includes(step) || affinity !== undefined)
      steps.splice(0, steps.length, ...kept)
    } else {
      const step = stepOf(vm, its, call)
      if (step !== undefined) steps.push(step)
    }
  }
  return steps
}

function stepOf(vm: TracedVm, its: number, call: Call): Taken | undefined {
  const taken = (step: RestoreStep, more: Partial<Taken> = {}): Taken => ({
    step,
    line: call.line,
    ret: call.ret,
    register: '',
    affinity: undefined,
    value: undefined,
    isMeant: true,
    ...more,
  })
  if (call.op === 'memory') return call.bytes > 0n ? taken('memory') : undefined
  if (call.op === 'vcpu') return taken('vcpus')
  if (call.op === 'run') return taken('run')
  if (call.op !== 'set') return undefined
  if (isOf(call, vm.gic, GROUP.CTRL, CTRL.VGIC_CTRL_INIT)) return taken('gic-init')
  if (isOf(call, its, GROUP.CTRL, CTRL.ITS_RESTORE_TABLES)) return taken('restore-tables')
  if (isOf(call, its, GROUP.ADDR)) return taken('its-address')
  if (call.fd === vm.gic && call.group === GROUP.REDIST_REGS) return redistributorStep(call, taken)
  return call.fd === its && call.group === GROUP.ITS_REGS ? itsStep(call, taken) : undefined
}

type Taking = (step: RestoreStep, more: Partial<Taken>) => Taken

/** Both halves of a register with 64 bits are one register; that of its address is the lower one. */
function redistributorStep({ attr, value }: CallOf<'set'>, taken: Taking): Taken | undefined {
  const [affinity, offset] = [Number(attr >> 32n), Number(attr & 0xffff_ffffn)]
  if (offset === GICR.CTLR) {
    return taken('enable-lpis', { affinity, value, register: `${affinity} GICR_CTLR`, isMeant: enablesLpis(value) })
  }
  if (offset !== GICR.PROPBASER && offset !== GICR.PENDBASER) return undefined
  return taken('lpi-tables', { affinity, value, register: `${affinity} ${offset}`, isMeant: value !== 0n })
}

function itsStep({ attr, value }: CallOf<'set'>, taken: Taking): Taken | undefined {
  const offset = Number(attr)
  const step = stepOfItsRegister(offset)
  if (step === undefined) return undefined
  const isValid = { [GITS.CTLR]: isOn, [GITS.CBASER]: isQueue }[offset] ?? (step === 'basers' ? isTable : () => true)
  return taken(step, { value, register: `GITS ${offset}`, isMeant: isValid(value) })
}

/** Where a trace does not tell the value, it may be any. */
const enablesLpis = (value: bigint | undefined): boolean => value === undefined || GICR_CTLR.unpack(value).enableLpis
const isOn = (value: bigint | undefined): boolean => value === undefined || GITS_CTLR.unpack(value).enabled
const isQueue = (value: bigint | undefined): boolean => value === undefined || GITS_CBASER.unpack(value).valid
const isTable = (value: bigint | undefined): boolean => value === undefined || GITS_BASER.unpack(value).valid
