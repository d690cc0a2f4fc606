import { KVM_REG, PSTATE, TCR_EL1, TTBR_EL1, type VcpuActivity, WFI } from '../../abi/index.ts'
import { coalesce, type Gpa, type LoadableMemory } from '../../memory/index.ts'
import { FormatError } from '../format-error.ts'
import type { DeviceState } from './device-state.ts'
import type { Ram } from './iommu.ts'
import { type TranslationTables, WalkEnd, walked, walkTables } from './table-walk.ts'

/** log2 of the granule, by TG1. */
const GRANULE_BITS = [undefined, 14, 12, 16] as const
const INSTRUCTION_BYTES = 4
const POWER_OFF = 1n

/**
 * What the vCPUs did, in the order of their sections: a kernel that has nothing to do waits in WFI, and KVM leaves it behind that instruction. Where
 * its code is, its own translation tables tell. What they do not tell, or is no code, is unknown.
 *
 * @source QEMU target/arm/machine.c, vmstate_arm_cpu; Linux arch/arm64/kvm/handle_exit.c, kvm_handle_wfx
 */
export async function vcpuActivities(states: readonly DeviceState[], { memory, load }: Ram): Promise<readonly VcpuActivity[]> {
  const vcpus = states.map((state) => new Vcpu(state))
  for (;;) {
    const needed = vcpus.flatMap((vcpu) => vcpu.look(memory))
    if (needed.length === 0) return vcpus.map(({ activity }) => activity ?? 'unknown')
    await load(coalesce(needed.map((base) => ({ base, bytes: 8 }))))
  }
}

/** What a vCPU's registers tell of where its code is. @throws FormatError where its section does not describe them. */
function stateOf(state: DeviceState): { readonly pc: bigint; readonly tables: TranslationTables } | VcpuActivity {
  if (state.integer('power_state', 1) === POWER_OFF) return 'off'
  const { aarch32, exceptionLevel } = PSTATE.decode(Number(state.integer('cpsr', 4)), 0)
  if (aarch32) return 'unknown'
  if (exceptionLevel === 0) return 'program'
  const indexes = state.integers('cpreg_vmstate_indexes', 8)
  const values = state.integers('cpreg_vmstate_values', 8)
  const register = (id: bigint): bigint | undefined => values[indexes.indexOf(id)]
  const [tcr, ttbr1] = [register(KVM_REG.TCR_EL1), register(KVM_REG.TTBR1_EL1)]
  if (tcr === undefined || ttbr1 === undefined) return 'unknown'
  const { t1sz, tg1, epd1, ds } = TCR_EL1.unpack(tcr)
  if (epd1) return 'unknown'
  const tables = { granule: GRANULE_BITS[tg1], inputBits: 64 - t1sz, base: TTBR_EL1.unpack(ttbr1).base, isLong: ds }
  return { pc: state.integer('env.pc', 8), tables }
}

/** One vCPU, until it is known what it did. */
class Vcpu {
  activity: VcpuActivity | undefined
  #pc = 0n
  #tables: TranslationTables = { granule: undefined, inputBits: 0, base: 0 }

  constructor(section: DeviceState) {
    try {
      const state = stateOf(section)
      if (typeof state === 'string') this.activity = state
      else ({ pc: this.#pc, tables: this.#tables } = state)
    } catch (error) {
      if (!(error instanceof FormatError)) throw error
      this.activity = 'unknown'
    }
  }

  /** Goes on as far as guest RAM is loaded; the words that are needed next. */
  look(memory: LoadableMemory): Gpa[] {
    if (this.activity !== undefined) return []
    const found: number[] = []
    for (const pc of [this.#pc - BigInt(INSTRUCTION_BYTES), this.#pc]) {
      const answer = walked(() => this.#instruction(memory, pc))
      if (answer.kind === 'needs') return [answer.at]
      if (answer.kind === 'output') found.push(answer.address)
    }
    const isCode = found.length === 2 && found.some((word) => word !== 0)
    this.activity = !isCode ? 'unknown' : found.includes(WFI) ? 'waiting' : 'kernel'
    return []
  }

  /** The instruction at an address of the upper half. @throws WalkEnd when it is not there. */
  #instruction(memory: LoadableMemory, pc: bigint): number {
    const bits = BigInt(this.#tables.inputBits)
    if (pc >> bits !== (1n << (64n - bits)) - 1n) throw new WalkEnd()
    const at = walkTables(memory, this.#tables, Number(BigInt.asUintN(Number(bits), pc))) as Gpa
    if (!memory.contains(at, INSTRUCTION_BYTES)) throw new WalkEnd()
    if (!memory.isLoaded(at, INSTRUCTION_BYTES)) throw new WalkEnd(at)
    return memory.u32(at)
  }
}
