import { ICC_CTLR_EL1, type SavedVcpu } from '../../abi/index.ts'
import type { Ram } from '../page-loader.ts'
import { type VcpuRegisters, vcpuActivities } from '../vcpu-activity.ts'
import type { Vmstate } from './vmstate.ts'

type VcpuState = NonNullable<Vmstate['whole']>['vcpu_states'][number]
type Icc = Vmstate['first']['gic']['gic_vcpu_states'][number]['icc']

/** KVM's numbers of two core registers: their words in struct kvm_regs. @source Linux arch/arm64/include/uapi/asm/kvm.h */
const CORE = { pc: 0x6030000000100040n, pstate: 0x6030000000100042n } as const
/** log2 of a register's bytes in its number. */
const SIZE = { shift: 52n, mask: 15n } as const
/** @source Linux include/uapi/linux/kvm.h, KVM_MP_STATE_STOPPED */
const STOPPED = 5
/** ICC_CTLR_EL1's place among the registers. @source Firecracker src/vmm/src/arch/aarch64/gic/gicv3/regs/icc_regs.rs, MAIN_VGIC_ICC_REGS */
const ICC_CTLR = 1

/** What the vCPUs did; none where what follows the GIC is not read. */
export async function savedVcpus({ first, whole }: Vmstate, ram: Ram): Promise<readonly SavedVcpu[]> {
  if (whole === undefined) return []
  const did = await vcpuActivities(whole.vcpu_states.map(vcpuRegisters), ram)
  return first.gic.gic_vcpu_states.map(({ icc }, vcpu): SavedVcpu => {
    const isHandling = isHandlingOf(icc)
    return { did: did[vcpu] ?? 'unknown', ...(isHandling !== undefined && { isHandling }) }
  })
}

/** Undefined where the registers are not those that Firecracker writes, or the program counter is not among them. */
function vcpuRegisters({ mp_state, regs }: VcpuState): VcpuRegisters | undefined {
  const values = new Map<bigint, bigint>()
  let at = 0
  for (const id of regs.ids) {
    const bytes = 2 ** Number((id >> SIZE.shift) & SIZE.mask)
    const value = regs.data.subarray(at, at + bytes)
    if (value.length < bytes) return undefined
    at += bytes
    if (bytes === 8) values.set(id, new DataView(value.buffer, value.byteOffset).getBigUint64(0, true))
  }
  const [pc, pstate] = [values.get(CORE.pc), values.get(CORE.pstate)]
  if (pc === undefined || pstate === undefined || mp_state.length !== 4) return undefined
  const isOff = new DataView(mp_state.buffer, mp_state.byteOffset).getUint32(0, true) === STOPPED
  return { isOff, pc, pstate: Number(pstate & 0xffff_ffffn), register: (id) => values.get(id) }
}

/** Whether it had taken an interrupt and not said that it was done with it; undefined where its kernel says so early. */
function isHandlingOf({ main_icc_regs, ap_icc_regs }: Icc): boolean | undefined {
  const control = main_icc_regs[ICC_CTLR]?.chunks[0]
  if (control === undefined || ICC_CTLR_EL1.unpack(control).eoiMode) return undefined
  return ap_icc_regs.some((register) => register?.chunks.some((word) => word !== 0n) === true)
}
