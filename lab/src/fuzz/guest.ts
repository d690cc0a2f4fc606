import { hex } from '@vits/core/abi'
import type { Step } from '@vits/core/conformance'
import { GUEST_CODE } from './places.ts'

/** No RAM and no device is here: a store leaves the guest and tells what it stored. */
const OUTSIDE = 0x0a000000

/** Takes interrupts for ever: stores the INTID that each is acknowledged by, 1023 when there is none. */
const code = [
  0xd2801fe1, // mov  x1, #0xff
  0xd5184601, // msr  icc_pmr_el1, x1      all priorities
  0xd2800021, // mov  x1, #1
  0xd518cce1, // msr  icc_igrpen1_el1, x1
  0xd5033fdf, // isb
  0xd2a00002 | ((OUTSIDE >>> 16) << 5), // movz x2, OUTSIDE
  0xd538cc01, // mrs  x1, icc_iar1_el1
  0xd5033f9f, // dsb  sy
  0xb9000041, // str  w1, [x2]
  0xd518cc21, // msr  icc_eoir1_el1, x1
  0x17fffffc, // b    back to mrs
]

const bytes = code.map((word) => (word >>> 0).toString(16).padStart(8, '0').match(/../g)!.reverse().join('')).join('')
/** KVM_GET/SET_ONE_REG's name of a vCPU's PC. */
const PC = '6030000000100040'

/** Gives a vCPU of a new VM this code, and lets the distributor forward group 1. */
export const guestSteps = (vcpu: number): readonly Step[] => [
  { op: 'raw', what: 'GICD_CTLR.EnableGrp1', line: 'set g 1 0 2' },
  { op: 'mem_write', gpa: hex(GUEST_CODE), what: 'guest code', hex: bytes },
  { op: 'raw', what: 'PC of the vCPU', line: `sreg ${vcpu.toString(16)} ${PC} ${GUEST_CODE.toString(16)}` },
]
