import { KVM_REG, TTD, type VcpuActivity, WFI } from '../../abi/index.ts'
import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'

/** Guest RAM, above all other, in which a kernel's translation tables and code are: four levels and a page of instructions. */
export const codeRange: GpaRange = { base: 0xf_f000_0000 as Gpa, bytes: 5 * PAGE_BYTES }

const NOP = 0xd503201f
const PC = 0xffff_8000_80db_c000n
const EL1H = 0x3c5n
const CORE = { pc: 0x6030000000100040n, pstate: 0x6030000000100042n } as const
/** Code at these bytes of its page: a kernel waits behind the second instruction, and does not behind the fifth. */
const code = [NOP, WFI, NOP, NOP, NOP, NOP] as const
const behind = { waiting: 8n, kernel: 20n } as const

/** The contents of `codeRange`. */
export function codeBytes(): Uint8Array {
  const bytes = new Uint8Array(codeRange.bytes)
  const view = new DataView(bytes.buffer)
  for (let level = 0; level < 4; level++) {
    const index = Number((PC >> BigInt(39 - 9 * level)) & 0x1ffn)
    const { lo, hi } = TTD.encode({ valid: true, table: true, address: codeRange.base + (level + 1) * PAGE_BYTES })
    view.setUint32(level * PAGE_BYTES + index * 8, lo, true)
    view.setUint32(level * PAGE_BYTES + index * 8 + 4, hi, true)
  }
  code.forEach((word, i) => {
    view.setUint32(4 * PAGE_BYTES + i * 4, word, true)
  })
  return bytes
}

/** Registers, with KVM's numbers, of a vCPU that did that. */
export function vcpuRegisters(did: VcpuActivity): {
  readonly isOff: boolean
  readonly values: readonly (readonly [bigint, bigint])[]
} {
  if (did === 'unknown') return { isOff: false, values: [] }
  const pc = did === 'waiting' || did === 'kernel' ? PC + behind[did] : 0x1000n
  const pstate = did === 'program' ? 0n : EL1H
  const values = [
    [CORE.pc, pc],
    [CORE.pstate, pstate],
    /** 4 KiB pages, 48 bits. */
    [KVM_REG.TCR_EL1, (2n << 30n) | (16n << 16n)],
    [KVM_REG.TTBR1_EL1, BigInt(codeRange.base)],
  ] as const
  return { isOff: did === 'off', values }
}
