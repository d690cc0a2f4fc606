import { KVM_REG, PSTATE, TCR_EL1, TTBR_EL1, type VcpuActivity, WFI } from '../abi/index.ts'
import { coalesce, type Gpa, type LoadableMemory } from '../memory/index.ts'
import type { Ram } from './page-loader.ts'
import { type TranslationTables, WalkEnd, walked, walkTables } from './translation-tables.ts'

/** log2 of the granule, by TG1. */
const GRANULE_BITS = [undefined, 14, 12, 16] as const
const INSTRUCTION_BYTES = 4

/** What a file tells of a vCPU that says what it did. */
export interface VcpuRegisters {
  /** It was not started, or was powered off. */
  readonly isOff: boolean
  readonly pc: bigint
  readonly pstate: number
  /** The system register with KVM's number; undefined where the file does not have it. */
  register(id: bigint): bigint | undefined
}

/**
 * What the vCPUs did, in their order: a kernel that has nothing to do waits in WFI, and KVM leaves it behind that instruction. Where
 * its code is, its own translation tables tell. What they do not tell, or is no code, is unknown, and so is a vCPU of which the file does not tell enough.
 *
 * @source Linux arch/arm64/kvm/handle_exit.c, kvm_handle_wfx
 */
export async function vcpuActivities(
  registers: readonly (VcpuRegisters | undefined)[],
  { memory, load }: Ram,
): Promise<readonly VcpuActivity[]> {
  const vcpus = registers.map((each) => new Vcpu(each))
  for (;;) {
    const needed = vcpus.flatMap((vcpu) => vcpu.look(memory))
    if (needed.length === 0) return vcpus.map(({ activity }) => activity ?? 'unknown')
    await load(coalesce(needed.map((base) => ({ base, bytes: 8 }))))
  }
}

/** What a vCPU's registers tell of where its code is. */
function stateOf(vcpu: VcpuRegisters): { readonly pc: bigint; readonly tables: TranslationTables } | VcpuActivity {
  if (vcpu.isOff) return 'off'
  const { aarch32, exceptionLevel } = PSTATE.decode(vcpu.pstate, 0)
  if (aarch32) return 'unknown'
  if (exceptionLevel === 0) return 'program'
  const [tcr, ttbr1] = [vcpu.register(KVM_REG.TCR_EL1), vcpu.register(KVM_REG.TTBR1_EL1)]
  if (tcr === undefined || ttbr1 === undefined) return 'unknown'
  const { t1sz, tg1, epd1, ds } = TCR_EL1.unpack(tcr)
  if (epd1) return 'unknown'
  const tables = { granule: GRANULE_BITS[tg1], inputBits: 64 - t1sz, base: TTBR_EL1.unpack(ttbr1).base, isLong: ds }
  return { pc: vcpu.pc, tables }
}

/** One vCPU, until it is known what it did. */
class Vcpu {
  activity: VcpuActivity | undefined
  #pc = 0n
  #tables: TranslationTables = { granule: undefined, inputBits: 0, base: 0 }

  constructor(registers: VcpuRegisters | undefined) {
    const state = registers === undefined ? 'unknown' : stateOf(registers)
    if (typeof state === 'string') this.activity = state
    else ({ pc: this.#pc, tables: this.#tables } = state)
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
