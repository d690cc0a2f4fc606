import { describe, expect, it } from 'vitest'
import {
  KVM_VGIC_ADDR_TYPE as ADDRESS,
  CTE,
  KVM_DEV_ARM_CTRL as CTRL,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  L1E,
  profiles,
  redistributorAttr,
} from '../abi/index.ts'
import { type Errno, type Gpa, gpa, type Outcome } from '../memory/index.ts'
import { type AttributeRow, gicAttributes, itsAttributes } from './attributes.ts'
import { KvmVm } from './kvm-vm.ts'

const RAM = 0x4000_0000
const OUTSIDE = 0x9000_0000
const [DEVICE_TABLE, COLLECTION_TABLE, ITT, PENDING] = [0x10_0000, 0x11_0000, 0x12_0000, 0x13_0000].map((at) => RAM + at) as [
  number,
  number,
  number,
  number,
]
const CONFIGURATION = RAM + 0x14_0000
const SIZE_64K = 2

/** Device 5 has one event, in a collection of vCPU 0; `tables` are where they are put. */
function machine({ kernel = 'linux-6.12.117' as const, base = true, initialised = true, indirect = false } = {}) {
  const vm = new KvmVm({ kernel })
  vm.setMemory(0, gpa(RAM), 0x20_0000)
  const vcpu = vm.createVcpu()
  const gic = vm.createGic()
  if (initialised) gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_CTRL_INIT))
  const its = vm.createIts()
  if (base) its.setAttr(GRP.ADDR, BigInt(ADDRESS.ITS), 0x808_0000n)
  const register = (offset: number, value: bigint) => its.setAttr(GRP.ITS_REGS, BigInt(offset), value)
  register(GITS.CBASER, GITS_CBASER.pack({ valid: true, address: RAM }))
  register(GITS.BASER0, GITS_BASER.pack({ valid: true, indirect, pageSize: SIZE_64K, addressLow: DEVICE_TABLE }))
  register(GITS.BASER0 + 8, GITS_BASER.pack({ valid: true, pageSize: SIZE_64K, addressLow: COLLECTION_TABLE }))
  const redistributor = (offset: number, value: bigint) => {
    for (const half of [0, 1]) {
      const bits = (value >> BigInt(32 * half)) & 0xffff_ffffn
      gic.setAttr(GRP.REDIST_REGS, redistributorAttr(0, offset + 4 * half), bits)
    }
  }
  const pending = (at: number) => redistributor(GICR.PENDBASER, GICR_PENDBASER.pack({ address: at }))
  redistributor(GICR.PROPBASER, GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 13 }))
  pending(PENDING)
  const map = (itt = ITT) => {
    its.its.collections.set(0, 0)
    const slot = its.its.addDevice(5, itt, 5)
    its.its.mapEvent(slot, 3, 8192, 0, 0)
  }
  const control = (attr: number) => its.setAttr(GRP.CTRL, BigInt(attr))
  return { vm, vcpu, gic, its, register, pending, map, control }
}

/** The errno of each way to get one. */
type Provocations<R extends Readonly<Record<string, AttributeRow>>> = {
  readonly [K in keyof R]: { readonly [E in keyof R[K]['errnos']]: () => Outcome<unknown> }
}

const running = () => {
  const all = machine()
  all.map()
  all.vcpu.running = true
  return all
}
const address = (base: bigint, type: number = ADDRESS.ITS) => machine({ base: false }).its.setAttr(GRP.ADDR, BigInt(type), base)
const distributor = (base: bigint, type: number = ADDRESS.V3_DIST) => machine().gic.setAttr(GRP.ADDR, BigInt(type), base)

const ofIts: Provocations<typeof itsAttributes> = {
  address: {
    EEXIST: () => machine().its.setAttr(GRP.ADDR, BigInt(ADDRESS.ITS), 0x80a_0000n),
    EINVAL: () => address(0x808_1000n),
    E2BIG: () => address((1n << 40n) - 0x1_0000n),
    ENODEV: () => address(0x808_0000n, ADDRESS.V3_DIST),
  },
  init: {},
  'save-tables': {
    EBUSY: () => running().control(CTRL.ITS_SAVE_TABLES),
    EFAULT: () => {
      const all = machine()
      all.map(OUTSIDE)
      return all.control(CTRL.ITS_SAVE_TABLES)
    },
    EINVAL: () => {
      const all = machine({ kernel: 'linux-6.6' as never, indirect: true })
      all.map()
      return all.control(CTRL.ITS_SAVE_TABLES)
    },
    EACCES: () => {
      const all = machine()
      all.map()
      all.vm.gic.lpis.forwarding = { setPending() {}, retarget() {}, configure() {}, unmap() {} }
      all.vm.gic.lpis.setForwarded(8192, true)
      return all.control(CTRL.ITS_SAVE_TABLES)
    },
  },
  'restore-tables': {
    EBUSY: () => running().control(CTRL.ITS_RESTORE_TABLES),
    EFAULT: () => {
      const all = machine({ indirect: true })
      const { lo, hi } = L1E.encode({ valid: true, l2Addr: OUTSIDE })
      all.vm.memory.setWord(DEVICE_TABLE as Gpa, lo, hi)
      return all.control(CTRL.ITS_RESTORE_TABLES)
    },
    EINVAL: () => restoreOf({ valid: true, icid: 0, rdBase: 9 }),
    EEXIST: () => restoreOf({ valid: true, icid: 0, rdBase: 0 }, true),
  },
  reset: {
    EBUSY: () => running().control(CTRL.ITS_CTRL_RESET),
    ENXIO: () => machine({ kernel: 'linux-7.3' as never }).control(9),
  },
  registers: {
    EBUSY: () => running().register(GITS.CTLR, 0n),
    ENXIO: () => machine({ base: false }).register(GITS.CTLR, 0n),
    EINVAL: () => machine().register(GITS.CREADR, 0x1000n),
  },
}

function restoreOf(cte: Parameters<typeof CTE.encode>[0], isMapped = false): Outcome<number> {
  const all = machine()
  if (isMapped) all.map()
  const { lo, hi } = CTE.encode(cte)
  all.vm.memory.setWord(COLLECTION_TABLE as Gpa, lo, hi)
  return all.control(CTRL.ITS_RESTORE_TABLES)
}

const ofGic: Provocations<typeof gicAttributes> = {
  'distributor-address': {
    EEXIST: () => {
      const { gic } = machine()
      gic.setAttr(GRP.ADDR, BigInt(ADDRESS.V3_DIST), 0x800_0000n)
      return gic.setAttr(GRP.ADDR, BigInt(ADDRESS.V3_DIST), 0x800_0000n)
    },
    EINVAL: () => distributor(0x800_1000n),
    E2BIG: () => distributor(1n << 40n),
    ENXIO: () => distributor(0x800_0000n, ADDRESS.ITS),
  },
  init: {},
  'save-pending-tables': {
    EBUSY: () => running().gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES)),
    EFAULT: () => {
      const all = machine()
      all.map()
      all.vm.gic.lpis.setPending(8192, true)
      all.pending(OUTSIDE)
      return all.gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES))
    },
    ENXIO: () => machine({ initialised: false }).gic.setAttr(GRP.CTRL, BigInt(CTRL.VGIC_SAVE_PENDING_TABLES)),
  },
  'redistributor-registers': {
    EBUSY: () => running().gic.getAttr(GRP.REDIST_REGS, 0n),
    EINVAL: () => machine().gic.getAttr(GRP.REDIST_REGS, 1n << 32n),
    ENXIO: () => machine().gic.hasAttr(GRP.REDIST_REGS, 2n),
  },
  'distributor-registers': {
    EBUSY: () => machine({ initialised: false }).gic.getAttr(GRP.DIST_REGS, 0n),
    ENXIO: () => machine().gic.hasAttr(GRP.DIST_REGS, 2n),
  },
  'line-levels': {
    EBUSY: () => running().gic.getAttr(GRP.LEVEL_INFO, 0n),
    EINVAL: () => machine().gic.getAttr(GRP.LEVEL_INFO, 1n),
    ENXIO: () => machine().gic.hasAttr(GRP.LEVEL_INFO, 1n << 10n),
  },
}

describe.each([
  ['an ITS', itsAttributes, ofIts],
  ['a GIC', gicAttributes, ofGic],
] as const)('an attribute of %s', (_, rows, provocations) => {
  const all = Object.entries(provocations as Readonly<Record<string, Readonly<Partial<Record<Errno, () => Outcome<unknown>>>>>>)

  it.each(all.flatMap(([name, ways]) => Object.entries(ways).map(([errno, way]) => [name, errno, way] as const)))(
    'answers each errno that its row names: %s, %s',
    (_name, errno, way) => {
      expect(way!()).toMatchObject({ ok: false, errno })
    },
  )

  it.each(Object.entries<AttributeRow>(rows))('is there: %s', (_name, { group, attr }) => {
    const { gic, its } = machine()
    const device = rows === itsAttributes ? its : gic
    expect(device.hasAttr(GRP[group], BigInt(attr ?? 0))).toMatchObject({ ok: true })
  })
})

it('the kernels whose quirks the rows name are known', () => {
  const named = [...Object.values<AttributeRow>(itsAttributes), ...Object.values<AttributeRow>(gicAttributes)].flatMap(
    ({ quirks = [] }) => quirks,
  )
  for (const quirk of named) expect(Object.values(profiles).some(({ quirks }) => quirks[quirk])).toBe(true)
})
