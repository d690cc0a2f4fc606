import { describe, expect, it } from 'vitest'
import { KVM_REG, TTD, WFI } from '../../abi/index.ts'
import { type Gpa, type GpaRange, LoadableMemory, PAGE_BYTES } from '../../memory/index.ts'
import { openFixture } from '../testing/fixtures.ts'
import { Bytes } from '../testing/stream-writer.ts'
import { vcpuActivities } from '../vcpu-activity.ts'
import { DeviceState } from './device-state.ts'
import { vcpuRegisters } from './vcpu-registers.ts'
import type { Field } from './vmdescription.ts'

const RAM = 0x4000_0000
const CODE = RAM + 0x10_000
const PC = 0xffff_8000_80db_c000n
const EL1H = 0xc5
const NOP = 0xd503201f
const ranges: readonly GpaRange[] = [{ base: RAM as Gpa, bytes: 0x20_000 }]

/** Guest RAM with translation tables of four levels, one page each, for the page of `pc`. */
function ram({ pc = PC, code = { 4: NOP, 8: WFI, 12: NOP, 16: NOP } as Readonly<Record<number, number>>, bits = 48 } = {}) {
  const memory = new LoadableMemory(ranges)
  for (let at = RAM; at < RAM + 0x20_000; at += PAGE_BYTES) memory.loadZeros(at as Gpa)
  const levels = Math.ceil((bits - 12) / 9)
  for (let level = 0; level < levels; level++) {
    const index =
      Number((pc >> BigInt(12 + 9 * (levels - 1 - level))) & 0x1ffn) % 2 ** Math.min(9, bits - 12 - 9 * (levels - 1 - level))
    const next = level === levels - 1 ? CODE : RAM + (level + 1) * PAGE_BYTES
    const { lo, hi } = TTD.encode({ valid: true, table: true, address: next })
    memory.setWord((RAM + level * PAGE_BYTES + index * 8) as Gpa, lo, hi)
  }
  for (const [at, word] of Object.entries(code)) memory.setU32((CODE + Number(at)) as Gpa, word)
  return memory
}

interface Registers {
  readonly pc?: bigint
  readonly pstate?: number
  readonly power?: number
  readonly tcr?: bigint
  readonly ttbr1?: bigint
  readonly without?: string
}

/** The upper half in 4 KiB granules, with that many bits. */
const tcr = (bits = 48, more = 0n): bigint => (2n << 30n) | (BigInt(64 - bits) << 16n) | more

function vcpu({ pc = PC + 12n, pstate = EL1H, power = 0, without, ...registers }: Registers = {}): DeviceState {
  const values = [
    [KVM_REG.TCR_EL1, registers.tcr ?? tcr()],
    [0x6030000000130001n, 7n],
    [KVM_REG.TTBR1_EL1, registers.ttbr1 ?? BigInt(RAM) | (3n << 48n) | 1n],
  ] as const
  const field = (name: string, bytes: number, count = 1): Field => ({ name, type: '', bytes, count, struct: undefined })
  const fields = [
    field('env.pc', 8),
    field('cpsr', 4),
    field('cpreg_vmstate_indexes', 8, 3),
    field('cpreg_vmstate_values', 8, 3),
    field('power_state', 1),
  ]
  const state = new Bytes().u64(pc).u32(pstate)
  for (const [index] of values) state.u64(index)
  for (const [, value] of values) state.u64(value)
  const bytes = state.u8(power).done()
  const named = fields.map((one) => (one.name === without ? { ...one, name: 'other' } : one))
  return new DeviceState(
    { device: { name: 'cpu', instance: 0, fields: named, subsections: [] }, offset: 0, bytes: bytes.length },
    bytes,
  )
}

const activity = async (registers: Registers, memory = ram()) =>
  (await vcpuActivities([vcpuRegisters(vcpu(registers))], { memory, load: async () => {} }))[0]

describe('what a vCPU did', () => {
  it.each([
    ['waits behind its WFI', {}, 'waiting'],
    ['waits at its WFI', { pc: PC + 8n }, 'waiting'],
    ['runs one instruction further on', { pc: PC + 16n }, 'kernel'],
    ['runs in a program', { pstate: 0, pc: 0x1234n }, 'program'],
    ['is off', { power: 1 }, 'off'],
    ['is being started', { power: 2 }, 'waiting'],
    ['is not known of AArch32', { pstate: 0x1d3 }, 'unknown'],
    ['is not known without the upper half', { tcr: tcr(48, 1n << 23n) }, 'unknown'],
    ['is not known with a reserved granule', { tcr: tcr() & ~(3n << 30n) }, 'unknown'],
    ['is not known outside the upper half', { pc: 0x1000n }, 'unknown'],
    ['is not known of code that is not mapped', { pc: PC + 0x1000n }, 'unknown'],
    ['is not known with tables outside RAM', { ttbr1: 0x1000n }, 'unknown'],
    ['is not known without the power state', { without: 'power_state' }, 'unknown'],
    ['is not known without the program counter', { without: 'env.pc' }, 'unknown'],
    ['is not known without the registers of its kernel', { without: 'cpreg_vmstate_values' }, 'unknown'],
  ] as const)('%s', async (_, registers, expected) => {
    expect(await activity(registers)).toBe(expected)
  })

  it('is not known of RAM that was blanked', async () => {
    expect(await activity({}, ram({ code: {} }))).toBe('unknown')
  })

  it('is found across the border of two pages only where both are mapped', async () => {
    expect(await activity({ pc: PC }, ram({ code: { 0: NOP } }))).toBe('unknown')
  })

  it('is found with one level more, where addresses have 52 bits', async () => {
    const pc = 0xfff0_0000_80db_c000n
    const memory = ram({ pc, bits: 52 })
    expect(await activity({ pc: pc + 12n, tcr: tcr(52, 1n << 59n) }, memory)).toBe('waiting')
    expect(await activity({ pc: pc + 12n, tcr: tcr(52) }, memory)).toBe('unknown')
  })

  it('needs the pages of its tables and its code, and no other', async () => {
    const whole = ram()
    const memory = new LoadableMemory(ranges)
    const loaded: number[] = []
    const load = async (wanted: readonly GpaRange[]) => {
      for (const { base } of wanted) {
        const page = (base - (base % PAGE_BYTES)) as Gpa
        loaded.push(page)
        memory.load(page, whole.read(page, PAGE_BYTES))
      }
    }
    expect(await vcpuActivities([vcpu(), vcpu({ power: 1 }), vcpu()].map(vcpuRegisters), { memory, load })).toEqual([
      'waiting',
      'off',
      'waiting',
    ])
    expect(loaded).toEqual([0, 1, 2, 3].map((level) => RAM + level * PAGE_BYTES).concat(CODE))
  })

  it('is told of a real VM: of one whose RAM was blanked only that a vCPU was off', async () => {
    const vcpus = (await openFixture('nvme72-s1')).vcpus
    expect(vcpus.map(({ did }) => did)).toEqual(['unknown', 'unknown', 'unknown', 'off'])
  })
})
