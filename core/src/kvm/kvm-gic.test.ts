import { describe, expect, it } from 'vitest'
import {
  KVM_VGIC_ADDR_TYPE as ADDR,
  KVM_DEV_ARM_CTRL as CTRL,
  GICR,
  GICR_TYPER,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  NEWEST,
  type ProfileId,
} from '../abi/index.ts'
import { redistributorFrame } from '../its/index.ts'
import { KvmVm } from './kvm-vm.ts'

function machine({ initialised = true, kernel = NEWEST as ProfileId } = {}) {
  const vm = new KvmVm({ kernel })
  for (const id of [0, 17]) vm.createVcpu(id)
  const gic = vm.createGic()
  if (initialised) gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  vm.createIts()
  return { vm, gic }
}

/** vCPU 17 has affinity 0.0.1.1. */
const SECOND = 0x101n << 32n

describe('the GIC device', () => {
  it('reads and writes redistributors in halves, by affinity', () => {
    const { vm, gic } = machine()
    const at = SECOND | BigInt(GICR.PENDBASER)
    expect([gic.setAttr(GRP.REDIST_REGS, at, 0x4300_0780n), gic.setAttr(GRP.REDIST_REGS, at + 4n, 0n)]).toMatchObject([
      { ok: true },
      { ok: true },
    ])
    expect(gic.getAttr(GRP.REDIST_REGS, at)).toEqual({ ok: true, value: 0x4300_0780n })
    expect(vm.gic.redistributors[1]!.pendingTable.base).toBe(0x4300_0000)
  })

  it('is EINVAL for an affinity that no vCPU has, ENXIO for a register that is not there', () => {
    const { gic } = machine()
    const answers = [0x5n << 32n, 0x20n, 2n].map((attr) => gic.hasAttr(GRP.REDIST_REGS, attr))
    expect(answers).toMatchObject([{ errno: 'EINVAL' }, { errno: 'ENXIO' }, { errno: 'ENXIO' }])
  })

  it('reads as 0 where no register is, and takes writes there for nothing: only KVM_HAS_DEVICE_ATTR says so', () => {
    const { gic } = machine()
    for (const attr of [0x20n, 0x1_0084n, 0x1_0202n]) {
      expect(gic.hasAttr(GRP.REDIST_REGS, attr)).toMatchObject({ errno: 'ENXIO' })
      expect([gic.setAttr(GRP.REDIST_REGS, attr, 0xffn), gic.getAttr(GRP.REDIST_REGS, attr)]).toEqual([
        { ok: true, value: 0 },
        { ok: true, value: 0n },
      ])
    }
  })

  it('has the lines of SGIs and PPIs in LEVEL_INFO, 32 INTIDs at a time, and those of no SPI', () => {
    const { vm, gic } = machine()
    const get = (attr: bigint) => gic.getAttr(GRP.LEVEL_INFO, attr)
    expect(gic.setAttr(GRP.LEVEL_INFO, 0n, 0x0830_0008n)).toMatchObject({ ok: true })
    expect([get(0n), get(1n), get(32n), get(1n << 10n), get(9n << 32n)]).toMatchObject([
      { value: 0x0830_0000n },
      { errno: 'EINVAL' },
      { value: 0n },
      { errno: 'EINVAL' },
      { errno: 'EINVAL' },
    ])
    expect(gic.setAttr(GRP.LEVEL_INFO, 32n, 1n)).toMatchObject({ ok: true })
    expect([gic.hasAttr(GRP.LEVEL_INFO, 1n).ok, gic.hasAttr(GRP.LEVEL_INFO, 1n << 10n)]).toMatchObject([true, { errno: 'ENXIO' }])
    vm.vcpus[0]!.running = true
    expect(get(0n)).toMatchObject({ errno: 'EBUSY' })
  })

  it('is EBUSY for registers before it is initialised, ENXIO for SAVE_PENDING_TABLES', () => {
    const { gic } = machine({ initialised: false })
    expect(gic.getAttr(GRP.REDIST_REGS, 0n)).toMatchObject({ errno: 'EBUSY' })
    expect(gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))).toMatchObject({ errno: 'ENXIO' })
  })

  it('pending-save-before-init: before 5.13 it answered 0', () => {
    const { gic } = machine({ initialised: false, kernel: 'linux-5.10.223' })
    expect(gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))).toMatchObject({ ok: true })
  })

  it('redistributor-last-hidden: 5.10 tells the guest which redistributor is the last one, and not userspace', () => {
    const last = (kernel?: ProfileId) => {
      const { vm, gic } = machine(kernel && { kernel })
      const read = gic.getAttr(GRP.REDIST_REGS, SECOND | BigInt(GICR.TYPER))
      const seen = redistributorFrame.read({ gic: vm.gic, vcpu: 1 }, GICR.TYPER, 8)
      return [read.ok && GICR_TYPER.unpack(read.value).last, GICR_TYPER.unpack(seen).last]
    }
    expect([last(), last('linux-5.10.223'), last('linux-4.13')]).toEqual([
      [true, true],
      [false, true],
      [true, true],
    ])
  })

  it('turns delivery on and off with GICD_CTLR.EnableGrp1', () => {
    const { vm, gic } = machine()
    gic.setAttr(GRP.DIST_REGS, 0n, 2n)
    expect([vm.gic.lpis.delivering, gic.getAttr(GRP.DIST_REGS, 0n)]).toEqual([true, { ok: true, value: 0x52n }])
  })

  it('has the attributes it answers to', () => {
    const { gic } = machine()
    const has = (group: number, attr: number) => gic.hasAttr(group, BigInt(attr)).ok
    expect([
      has(GRP.CTRL, CTRL.VGIC_CTRL_INIT),
      has(GRP.CTRL, CTRL.VGIC_SAVE_PENDING_TABLES),
      has(GRP.ADDR, ADDR.V3_DIST),
    ]).toEqual([true, true, true])
    expect([has(GRP.CTRL, CTRL.ITS_SAVE_TABLES), has(GRP.ADDR, ADDR.ITS), has(GRP.ITS_REGS, 0)]).toEqual([false, false, false])
    expect(gic.setAttr(GRP.CTRL, BigInt(CTRL.ITS_SAVE_TABLES))).toMatchObject({ errno: 'ENXIO' })
  })

  it('takes each frame once, aligned and inside the address space', () => {
    const { gic } = machine()
    const set = (base: bigint) => gic.setAttr(GRP.ADDR, BigInt(ADDR.V3_DIST), base)
    expect([set(0x1000n), set(1n << 40n), set(0x800_0000n), set(0x800_0000n)]).toMatchObject([
      { errno: 'EINVAL' },
      { errno: 'E2BIG' },
      { ok: true },
      { errno: 'EEXIST' },
    ])
  })

  it('exists once in a VM', () => {
    expect(() => machine().vm.createGic()).toThrow(expect.objectContaining({ errno: 'EEXIST' }))
  })
})
