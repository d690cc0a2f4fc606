import { describe, expect, it, test } from 'vitest'
import {
  KVM_DEV_ARM_CTRL as CTRL,
  DTE,
  GITS,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  ITE,
  type ProfileId,
  VGIC_ADDR_UNDEF,
} from '../abi/index.ts'
import { errnos, gpa } from '../memory/index.ts'
import { KvmVm } from './kvm-vm.ts'

const ITS = 4n
const BASE = 0x808_0000n

function machine(kernel?: ProfileId) {
  const vm = new KvmVm(kernel === undefined ? {} : { kernel })
  vm.setMemory(0, gpa(0x4000_0000), 0x10_0000)
  vm.createVcpu()
  vm.createVcpu()
  const gic = vm.createGic()
  gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  const its = vm.createIts()
  return { vm, gic, its }
}

function withBase() {
  const all = machine()
  all.its.setAttr(GRP.ADDR, ITS, BASE)
  return all
}

describe('the ITS region (vgic_init: test_v3_its_region)', () => {
  const set = (base: bigint, kernel?: ProfileId) => machine(kernel).its.setAttr(GRP.ADDR, ITS, base)

  it('frame-past-ipa: before 5.16 it could begin inside the address space and end outside', () => {
    const last = (1n << 40n) - 0x1_0000n
    const of = (kernel?: ProfileId) => [last, 1n << 40n].map((base) => set(base, kernel).ok)
    expect([of(), of('linux-5.10.223')]).toEqual([
      [false, false],
      [true, false],
    ])
  })

  it('that is not aligned to 64 KiB is EINVAL', () => {
    expect(set(0x40_1000n)).toMatchObject({ errno: 'EINVAL' })
  })

  it('at or past the IPA limit is E2BIG', () => {
    expect([set(1n << 40n), set(1n << 50n)]).toMatchObject([{ errno: 'E2BIG' }, { errno: 'E2BIG' }])
  })

  it('half past the IPA limit is E2BIG; the last one below it is accepted', () => {
    expect([set((1n << 40n) - 0x1_0000n), set((1n << 40n) - 0x2_0000n)]).toMatchObject([{ errno: 'E2BIG' }, { ok: true }])
  })

  it('at 0x400000 is accepted, and a second time EEXIST', () => {
    const { its } = machine()
    expect(its.setAttr(GRP.ADDR, ITS, 0x40_0000n)).toMatchObject({ ok: true })
    expect(its.setAttr(GRP.ADDR, ITS, 0x41_0000n)).toMatchObject({ errno: 'EEXIST' })
    expect(its.getAttr(GRP.ADDR, ITS)).toEqual({ ok: true, value: 0x40_0000n })
  })

  it('reads as undefined before it is set; other address types are ENODEV', () => {
    const { its } = machine()
    expect(its.getAttr(GRP.ADDR, ITS)).toEqual({ ok: true, value: VGIC_ADDR_UNDEF })
    expect([its.getAttr(GRP.ADDR, 2n), its.setAttr(GRP.ADDR, 2n, BASE)]).toMatchObject([{ errno: 'ENODEV' }, { errno: 'ENODEV' }])
  })
})

describe('a register of the ITS, for userspace', () => {
  test.each`
    offset     | answer      | because
    ${0x0}     | ${'0'}      | ${'it is GITS_CTLR'}
    ${0x2}     | ${'EINVAL'} | ${'32-bit registers are 4-aligned'}
    ${0x4}     | ${'0'}      | ${'it is GITS_IIDR'}
    ${0xc}     | ${'EINVAL'} | ${'64-bit registers have no halves here'}
    ${0x10}    | ${'ENXIO'}  | ${'there is none'}
    ${0x138}   | ${'0'}      | ${'it is GITS_BASER7'}
    ${0x140}   | ${'ENXIO'}  | ${'there are eight BASERs'}
    ${0xffcc}  | ${'EINVAL'} | ${'it is before the identification registers'}
    ${0xffd4}  | ${'0'}      | ${'it is among the identification registers'}
    ${0x10040} | ${'ENXIO'}  | ${'GITS_TRANSLATER is not on the control page'}
  `('at $offset answers $answer: $because', ({ offset, answer }) => {
    const { its } = withBase()
    const answers = [its.getAttr(GRP.ITS_REGS, BigInt(offset)), its.hasAttr(GRP.ITS_REGS, BigInt(offset))]
    expect(answers.map((outcome) => (outcome.ok ? '0' : outcome.errno))).toEqual([answer, answer])
  })

  it('is ENXIO before the ITS has an address', () => {
    expect(machine().its.getAttr(GRP.ITS_REGS, BigInt(GITS.TYPER))).toMatchObject({ errno: 'ENXIO' })
  })
})

describe('the CTRL group', () => {
  const answers = (attr: bigint, kernel?: ProfileId) => {
    const { its } = machine(kernel)
    return [its.setAttr(GRP.CTRL, attr), its.hasAttr(GRP.CTRL, attr)].map((outcome) => (outcome.ok ? '0' : outcome.errno))
  }

  it('is ENXIO for an attribute it does not have; unknown-ctrl-accepted: before 6.17 setting one answered 0', () => {
    expect([answers(9n), answers(9n, 'linux-6.12.117')]).toEqual([
      ['ENXIO', 'ENXIO'],
      ['0', 'ENXIO'],
    ])
  })

  it('no-ctrl-reset: 4.13 has no reset, and takes it for a register whose value it cannot read', () => {
    expect([BigInt(CTRL.ITS_CTRL_RESET), 9n].map((attr) => answers(attr, 'linux-4.13'))).toEqual([
      ['EFAULT', 'ENXIO'],
      ['EFAULT', 'ENXIO'],
    ])
    const { its } = machine('linux-4.13')
    expect(its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))).toMatchObject({ ok: true })
  })

  it('resets registers and mappings, and keeps where the tables are', () => {
    const { its } = withBase()
    const valid = 1n << 63n
    for (const [offset, at] of [
      [GITS.CBASER, 0x4001_0000n],
      [GITS.BASER0, 0x4002_0000n],
      [GITS.BASER1, 0x4003_0000n],
    ] as const) {
      its.setAttr(GRP.ITS_REGS, BigInt(offset), valid | at)
    }
    its.setAttr(GRP.ITS_REGS, BigInt(GITS.CTLR), 1n)
    its.its.collections.set(3, 0)
    its.its.addDevice(1, 0x4004_0000, 5)
    its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_CTRL_RESET))
    const read = (offset: number) => its.getAttr(GRP.ITS_REGS, BigInt(offset))
    expect([read(GITS.CTLR), read(GITS.CBASER), read(GITS.CWRITER)]).toMatchObject([
      { value: 1n << 31n },
      { value: 0n },
      { value: 0n },
    ])
    expect([its.its.deviceTable, its.its.collectionTable]).toMatchObject([
      { valid: false, base: 0x4002_0000 },
      { valid: false, base: 0x4003_0000 },
    ])
    expect([its.its.devices.count, its.its.collections.order]).toEqual([0, []])
  })
})

describe('the entries that a restore reads', () => {
  it('are counted until it is done, and until it fails', () => {
    const { vm, its } = withBase()
    const [deviceTable, collectionTable, itt] = [0x4002_0000, 0x4003_0000, 0x4004_0000]
    its.setAttr(GRP.ITS_REGS, BigInt(GITS.BASER0), (1n << 63n) | BigInt(deviceTable))
    its.setAttr(GRP.ITS_REGS, BigInt(GITS.BASER1), (1n << 63n) | BigInt(collectionTable))
    const before = its.entriesRead
    const { lo, hi } = DTE.encode({ valid: true, ittAddr: itt, size: 4, next: 0 })
    vm.memory.setWord(gpa(deviceTable + 8 * 5), lo, hi)
    const ite = ITE.encode({ pintid: 8192, icid: 7, next: 0 })
    vm.memory.setWord(gpa(itt + 8 * 3), ite.lo, ite.hi)
    const restore = () => {
      const answer = its.setAttr(GRP.CTRL, BigInt(CTRL.ITS_RESTORE_TABLES))
      return [answer.ok || answer.errno, its.entriesRead]
    }
    const [collections, devices, events] = [1, 6, 4]
    expect([before, restore()]).toEqual([0, ['EINVAL', collections + devices + events]])
    vm.memory.setWord(gpa(itt + 8 * 3), 0, 0)
    expect(restore()).toEqual([true, collections + devices + 2 ** 5])
  })
})

describe('while a vCPU runs', () => {
  it('SAVE, RESTORE, RESET and every register access are EBUSY', () => {
    const { vm, gic, its } = withBase()
    vm.loadVcpu(1)
    const answers = [
      ...[CTRL.ITS_SAVE_TABLES, CTRL.ITS_RESTORE_TABLES, CTRL.ITS_CTRL_RESET].map((attr) => its.setAttr(GRP.CTRL, BigInt(attr))),
      its.getAttr(GRP.ITS_REGS, 0n),
      its.setAttr(GRP.ITS_REGS, 0n, 1n),
      gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES)),
      gic.getAttr(GRP.REDIST_REGS, 0n),
      gic.setAttr(GRP.DIST_REGS, 0n, 2n),
    ]
    expect(answers.map((answer) => answer.ok || answer.errno)).toEqual(answers.map(() => 'EBUSY'))
    vm.putVcpu(1)
    expect(its.getAttr(GRP.ITS_REGS, 0n).ok).toBe(true)
  })

  it('CTRL_INIT and MSIs go through', () => {
    const { vm, its } = withBase()
    vm.loadVcpu(0)
    expect(its.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT)).ok).toBe(true)
    expect(vm.signalMsi({ address: Number(BASE), deviceId: 0, eventId: 0, flags: 1 })).toBe(-errnos.EBUSY)
    its.its.enabled = true
    expect(vm.signalMsi({ address: Number(BASE), deviceId: 0, eventId: 0, flags: 1 })).toBe(0)
  })
})

describe('KVM_SIGNAL_MSI', () => {
  const msi = { address: Number(BASE), deviceId: 0, eventId: 0, flags: 1 }

  it('is EINVAL without a GIC, ENODEV without an ITS', () => {
    const vm = new KvmVm()
    expect(vm.signalMsi(msi)).toBe(-errnos.EINVAL)
    vm.createGic()
    expect([vm.signalMsi(msi), vm.signalMsi({ ...msi, flags: 2 })]).toEqual([-errnos.ENODEV, -errnos.EINVAL])
  })
})

describe('memory slots', () => {
  it('come as zeros and go with their contents', () => {
    const vm = new KvmVm()
    const base = gpa(0x4000_0000)
    vm.setMemory(3, base, 0x1000)
    vm.memory.setU32(base, 7)
    vm.setMemory(3, base, 0)
    expect(vm.memory.contains(base)).toBe(false)
    vm.setMemory(3, base, 0x2000)
    expect(vm.memory.u32(base)).toBe(0)
  })
})
