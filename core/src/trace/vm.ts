import {
  KVM_VGIC_ADDR_TYPE as ADDRESS,
  KVM_DEV_ARM_CTRL as CTRL,
  KVM_DEV_ARM_VGIC_GRP as GROUP,
  KVM_DEV_TYPE,
  VGIC_V3_MAX_CPUS,
} from '../abi/index.ts'
import { type Call, type CallOf, TraceError } from './call.ts'

export type AttributeCall = CallOf<'set'> | CallOf<'get'>

/** A VM of a trace: what a process did with it. */
export interface TracedVm {
  readonly pid: number
  /** The trace begins before the VM does: what is not in it was not done. */
  readonly isWhole: boolean
  readonly calls: readonly Call[]
  /** File descriptors of its ITSes, in the order in which they were first used. */
  readonly itses: readonly number[]
  /** File descriptor of its GIC. */
  readonly gic: number | undefined
  /** How many vCPUs were made, as far as the trace shows. */
  readonly vcpus: number
}

/** More devices than any VM has, each of which is judged with all calls. */
const MOST_DEVICES = 64

/** The VMs of a trace, in the order in which they begin. @throws TraceError for one that no KVM has. */
export function vmsOf(calls: readonly Call[]): TracedVm[] {
  const begun: Call[][] = []
  const begin = () => begun[begun.push([]) - 1]!
  const processes = new Map<number, Process>()
  for (const call of calls) {
    const process = processes.get(call.pid) ?? new Process(begin)
    processes.set(call.pid, process)
    process.vmOf(call).push(call)
  }
  return begun.map(vmOf)
}

/**
 * Which VM of a process a call is for: file descriptors tell, where the trace has them. A VMM may make a VM to see what the host can do
 * after it has made the one that it runs, as QEMU does.
 */
class Process {
  readonly #begin: () => Call[]
  /** The VM of each file descriptor: its own, those of its devices and of its vCPUs. */
  readonly #byFd = new Map<number, Call[]>()
  #latest: Call[] | undefined
  /** The one that was there before the trace. */
  #earlier: Call[] | undefined

  constructor(begin: () => Call[]) {
    this.#begin = begin
  }

  vmOf(call: Call): Call[] {
    const vm = call.op === 'create-vm' ? this.#begin() : (this.#told(call) ?? this.#latest ?? this.#before())
    const made = fdMadeBy(call)
    if (made !== undefined) this.#byFd.set(made, vm)
    this.#latest = vm
    return vm
  }

  #told(call: Call): Call[] | undefined {
    if ('vm' in call && call.vm !== undefined) return this.#byFd.get(call.vm) ?? this.#before()
    return 'fd' in call && call.op !== 'create' && call.fd !== undefined ? this.#byFd.get(call.fd) : undefined
  }

  #before(): Call[] {
    this.#earlier ??= this.#begin()
    return this.#earlier
  }
}

/** The file descriptor that a call made; 0 is none. */
function fdMadeBy(call: Call): number | undefined {
  if (call.op === 'create') return call.ret >= 0 ? call.fd : undefined
  return (call.op === 'create-vm' || call.op === 'vcpu') && call.ret > 0 ? call.ret : undefined
}

function vmOf(calls: readonly Call[]): TracedVm {
  const kinds = new Map<number, 'GIC' | 'ITS'>()
  const affinities = new Set<bigint>()
  const ofVcpus = new Set(calls.flatMap((call) => (call.op === 'vcpu' ? (fdMadeBy(call) ?? []) : [])))
  for (const call of calls) {
    if (isAttribute(call) && ofVcpus.has(call.fd)) continue
    if (isAttribute(call) && call.group === GROUP.REDIST_REGS) affinities.add(call.attr >> 32n)
    if (affinities.size > VGIC_V3_MAX_CPUS) throw new TraceError(call.line, `a VM has ${VGIC_V3_MAX_CPUS} vCPUs at most`)
    if (kinds.size > MOST_DEVICES) throw new TraceError(call.line, `a VM with more than ${MOST_DEVICES} GIC devices`)
    const kind =
      call.op === 'create' && call.ret >= 0 ? kindOfType(call.type) : isAttribute(call) ? kindOfAttribute(call) : undefined
    if (kind !== undefined && 'fd' in call) kinds.set(call.fd, kind)
  }
  const those = (wanted: string) => [...kinds].filter(([, kind]) => kind === wanted).map(([fd]) => fd)
  const [first] = calls
  const vcpus = calls.filter(({ op, ret }) => op === 'vcpu' && ret >= 0).length
  return { pid: first!.pid, isWhole: first!.op === 'create-vm', calls, itses: those('ITS'), gic: those('GIC')[0], vcpus }
}

export const isAttribute = (call: Call): call is AttributeCall => call.op === 'set' || call.op === 'get'

function kindOfType(type: number): 'GIC' | 'ITS' | undefined {
  if (type === KVM_DEV_TYPE.ARM_VGIC_ITS) return 'ITS'
  return type === KVM_DEV_TYPE.ARM_VGIC_V3 ? 'GIC' : undefined
}

/** Which device has such an attribute; undefined where both have. */
function kindOfAttribute({ group, attr }: AttributeCall): 'GIC' | 'ITS' | undefined {
  if (group === GROUP.ITS_REGS) return 'ITS'
  if (group === GROUP.ADDR) return Number(attr) === ADDRESS.ITS ? 'ITS' : 'GIC'
  if (group !== GROUP.CTRL) return 'GIC'
  if (Number(attr) === CTRL.VGIC_CTRL_INIT) return undefined
  return Number(attr) === CTRL.VGIC_SAVE_PENDING_TABLES ? 'GIC' : 'ITS'
}

/** The call sets or reads this attribute. */
export const isOf = (call: Call, fd: number | undefined, group: number, attr?: number): boolean =>
  isAttribute(call) && call.fd === fd && call.group === group && (attr === undefined || Number(call.attr) === attr)

/** A stretch of a VM's life in which no vCPU runs: it ends with the KVM_RUN, if one comes. */
export type Pause = readonly Call[]

export function pausesOf({ calls }: TracedVm): Pause[] {
  const pauses: Pause[] = []
  let from = 0
  for (let to = 1; to <= calls.length; to++) {
    if (to < calls.length && calls[to - 1]!.op !== 'run') continue
    pauses.push(calls.slice(from, to))
    from = to
  }
  return pauses
}
