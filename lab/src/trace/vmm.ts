import {
  KVM_VGIC_ADDR_TYPE as ADDRESS,
  KVM_DEV_ARM_CTRL as CTRL,
  encodeCommand,
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  KVM_DEV_ARM_VGIC_GRP as GROUP,
  redistributorAttr,
  VIRT_ITS,
} from '@vits/core/abi'
import type { RestoreStep } from '@vits/core/kvm'

/** A small VMM, as lines for the agent: a VM of two vCPUs and one ITS, and what its guest's driver does. */

const RAM = 0x4000_0000
const RAM_BYTES = 0x80_0000
const DEVICE_TABLE = RAM + 0x10_0000
const COLLECTION_TABLE = RAM + 0x18_0000
const QUEUE = RAM + 0x8_0000
const ITT = RAM + 0x40_0000
const SIZE_64K = 2

export const VCPUS = [0, 1] as const
const DEVICE = 8
const FIRST_LPI = 8192

const digits = (value: number | bigint) => value.toString(16)
const set = (device: 'g' | 'i', group: number, attr: number | bigint, value?: number | bigint) =>
  `set ${device} ${group} ${digits(attr)}${value === undefined ? '' : ` ${digits(value)}`}`
const get = (device: 'g' | 'i', group: number, attr: number | bigint) => `get ${device} ${group} ${digits(attr)}`
const setIts = (register: number, value: number | bigint) => set('i', GROUP.ITS_REGS, register, value)

/** A register of 64 bits is two attributes: user space has 32 at a time. */
const halves = (vcpu: number, offset: number, value: bigint) => [
  set('g', GROUP.REDIST_REGS, redistributorAttr(vcpu, offset), value & 0xffff_ffffn),
  set('g', GROUP.REDIST_REGS, redistributorAttr(vcpu, offset + 4), value >> 32n),
]
const baser = (table: number) => GITS_BASER.pack({ valid: true, pageSize: SIZE_64K, addressLow: table })
const cbaser = GITS_CBASER.pack({ valid: true, address: QUEUE, pages: 0 })
const lpiTables = (vcpu: number) => [
  ...halves(vcpu, GICR.PROPBASER, GICR_PROPBASER.pack({ address: RAM + 0x1_0000, idBits: 13 })),
  ...halves(vcpu, GICR.PENDBASER, GICR_PENDBASER.pack({ address: RAM + 0x2_0000 + vcpu * 0x1_0000 })),
]
const enableLpis = (vcpu: number) => set('g', GROUP.REDIST_REGS, redistributorAttr(vcpu, GICR.CTLR), 1)
const collections = setIts(GITS.BASER1, baser(COLLECTION_TABLE))

/** Two events of a device, on either vCPU. */
const commands = [
  ...VCPUS.map((vcpu) => encodeCommand('MAPC', { icid: vcpu, rdBase: vcpu, valid: true })),
  encodeCommand('MAPD', { deviceId: DEVICE, size: 0, ittAddr: ITT, valid: true }),
  ...VCPUS.map((vcpu) => encodeCommand('MAPTI', { deviceId: DEVICE, eventId: vcpu, pintid: FIRST_LPI + vcpu, icid: vcpu })),
]
const queued = commands.map((words) => Buffer.from(words.buffer).toString('hex')).join('')
const AFTER = commands.length * 32

/** The VM, as any VMM makes it. */
export const creation = [
  'new 0',
  `mem 0 ${digits(RAM)} ${digits(RAM_BYTES)} 0`,
  ...VCPUS.map((vcpu) => `vcpu ${vcpu}`),
  'gic',
  set('g', GROUP.ADDR, ADDRESS.V3_DIST, 0x800_0000),
  set('g', GROUP.ADDR, ADDRESS.V3_REDIST, 0x80a_0000),
  set('g', GROUP.CTRL, CTRL.VGIC_CTRL_INIT),
  'its',
  set('i', GROUP.ADDR, ADDRESS.ITS, VIRT_ITS),
  set('i', GROUP.CTRL, CTRL.VGIC_CTRL_INIT),
]

/** What a guest does before it is saved. */
export const life = [
  ...VCPUS.flatMap((vcpu) => [...lpiTables(vcpu), enableLpis(vcpu)]),
  setIts(GITS.CBASER, cbaser),
  setIts(GITS.BASER0, baser(DEVICE_TABLE)),
  collections,
  `q i 0 ${queued}`,
  setIts(GITS.CTLR, 1),
  setIts(GITS.CWRITER, AFTER),
]
export const runs = ['spin 0 64', 'join']
/** While the guest runs, KVM saves nothing: EBUSY. */
export const isRunning = ['spin 0 bb8']
export const stops = ['join']

export const msi = `msi ${digits(VIRT_ITS + GITS_TRANSLATER)} 0 ${digits(DEVICE)} 1`
export const dirtyLog = 'dirty 0'
export const savePending = set('g', GROUP.CTRL, CTRL.VGIC_SAVE_PENDING_TABLES)
export const saveTables = set('i', GROUP.CTRL, CTRL.ITS_SAVE_TABLES)
export const readRedistributors = (affinities: readonly number[]) =>
  affinities.flatMap((vcpu) =>
    [GICR.CTLR, GICR.PROPBASER, GICR.PROPBASER + 4, GICR.PENDBASER, GICR.PENDBASER + 4].map((offset) =>
      get('g', GROUP.REDIST_REGS, redistributorAttr(vcpu, offset)),
    ),
  )
export const readIts = [GITS.CTLR, GITS.IIDR, GITS.CBASER, GITS.CREADR, GITS.CWRITER, GITS.BASER0, GITS.BASER1].map((register) =>
  get('i', GROUP.ITS_REGS, register),
)

/** What each step of a restore does, behind `creation`. */
const restore: Partial<Record<RestoreStep, readonly string[]>> = {
  'lpi-tables': VCPUS.flatMap(lpiTables),
  'enable-lpis': VCPUS.map(enableLpis),
  cbaser: [setIts(GITS.CBASER, cbaser)],
  iidr: [setIts(GITS.IIDR, 0x43b)],
  creadr: [setIts(GITS.CREADR, AFTER)],
  cwriter: [setIts(GITS.CWRITER, AFTER)],
  basers: [setIts(GITS.BASER0, baser(DEVICE_TABLE)), collections],
  'restore-tables': [set('i', GROUP.CTRL, CTRL.ITS_RESTORE_TABLES)],
  'its-ctlr': [setIts(GITS.CTLR, 1)],
}

export const restored = (steps: readonly RestoreStep[]): string[] => steps.flatMap((step) => restore[step] ?? [])
/** The collection table moves, after the restore. */
export const otherCollections = setIts(GITS.BASER1, baser(COLLECTION_TABLE + 0x1_0000))
/** The registers of every redistributor, written into that of vCPU 0. */
export const redistributorsAsOne = VCPUS.flatMap(() => [...lpiTables(0), enableLpis(0)])
