import { GITS_BASER, GITS_CBASER, profiles } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import type { ProblemCode, Severity } from '../index.ts'
import { COLLECTION_TABLE, DEVICE_TABLE, PlantedVm, pciFunction, QUEUE } from './planted-vm.ts'

/** Two live devices with two events each, saved. */
export const healthy = (options = {}) =>
  new PlantedVm(options)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** As `healthy`, and a device that was saved once and unmapped since. */
const withOrphan = (deviceId: number, events: Readonly<Record<number, readonly [number, number]>>, options = {}) =>
  new PlantedVm(options)
    .map(deviceId, events)
    .save()
    .unmap(deviceId)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** A VM that has a problem. */
export interface ProblemCase {
  readonly code: ProblemCode
  readonly when: string
  readonly severity: Severity
  readonly vm: () => PlantedVm
  readonly errno?: string
  readonly deviceId?: number
  readonly eventId?: number
  readonly confidence?: string
  /** Its writes mend it. */
  readonly mends?: true
}

const outside = 0x3000_0000

/** One VM at least for each problem of the catalogue but M703 and M704, which need tables that are absurdly large. */
export const problemCases: readonly ProblemCase[] = [
  {
    code: 'R101',
    when: 'GITS_IIDR names revision 1',
    severity: 'fails',
    errno: 'EINVAL',
    vm: () => Object.assign(healthy(), { its: { iidr: 0x4b00143b } }),
  },
  {
    code: 'R102',
    when: 'GITS_CREADR is past the queue',
    severity: 'fails',
    errno: 'EINVAL',
    vm: () => Object.assign(healthy(), { its: { creadr: 0x10000n } }),
  },
  {
    code: 'R103',
    when: 'GITS_CWRITER is past the queue',
    severity: 'corrupts',
    vm: () => Object.assign(healthy(), { its: { cwriter: 0x10000n } }),
  },
  {
    code: 'R104',
    when: 'the ITS is enabled and has no queue',
    severity: 'corrupts',
    vm: () => Object.assign(healthy(), { its: { cbaser: 0n } }),
  },
  {
    code: 'R105',
    when: 'a target has its LPIs disabled',
    severity: 'latent',
    vm: () => {
      const vm = healthy()
      vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 1 ? { ...one, ctlr: 0 } : one))
      return vm
    },
  },
  {
    code: 'C101',
    when: 'a collection targets a vCPU that is not there',
    severity: 'fails',
    errno: 'EINVAL',
    vm: () => healthy().cte(2, { icid: 2, rdBase: 7 }),
    mends: true,
  },
  {
    code: 'C102',
    when: 'a collection is listed twice',
    severity: 'fails',
    errno: 'EEXIST',
    vm: () => healthy().cte(2, { icid: 1, rdBase: 0 }),
  },
  {
    code: 'C103',
    when: 'an ICID is past the table',
    severity: 'fails',
    errno: 'EINVAL',
    vm: () => healthy().cte(2, { icid: 0xfff0, rdBase: 0 }),
    mends: true,
  },
  {
    code: 'C104',
    when: 'the collection table is outside RAM',
    severity: 'fails',
    errno: 'EFAULT',
    vm: () => {
      const vm = healthy()
      const [devices] = vm.registers().its.baser
      vm.its = { baser: [devices!, GITS_BASER.pack({ valid: true, addressLow: outside, type: 4 })] }
      return vm
    },
  },
  {
    code: 'C105',
    when: 'the list ends before a collection that the guest mapped',
    severity: 'corrupts',
    vm: () =>
      new PlantedVm()
        .map(16, { 0: [8192, 0] })
        .save()
        .cte(1, { valid: false }),
  },
  {
    code: 'C106',
    when: 'the list has another target than the guest',
    severity: 'corrupts',
    vm: () => healthy().cte(1, { icid: 1, rdBase: 0 }),
  },
  {
    code: 'C107',
    when: 'the guest unmapped the collection of live events',
    severity: 'latent',
    vm: () => healthy().command('MAPC', { icid: 1, valid: false }),
  },
  {
    code: 'D201',
    when: 'the device table is outside RAM',
    severity: 'fails',
    errno: 'EFAULT',
    vm: () => {
      const vm = healthy()
      const [, collections] = vm.registers().its.baser
      vm.its = { baser: [GITS_BASER.pack({ valid: true, addressLow: outside, type: 1 }), collections!] }
      return vm
    },
  },
  {
    code: 'D202',
    when: 'rubbish in a DTE claims 20 EventID bits',
    severity: 'fails',
    errno: 'EINVAL',
    deviceId: 4,
    vm: () => Object.assign(healthy().dte(4, { size: 19, next: 12, ittAddr: 0x4100_4000 }), { more: {} }).command('SYNC', {}),
  },
  {
    code: 'D203',
    when: 'the first entry of the table is an orphan',
    severity: 'corrupts',
    deviceId: 8,
    confidence: 'proven',
    vm: () => withOrphan(8, { 0: [8200, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }),
    mends: true,
  },
  {
    code: 'D204',
    when: 'the chain jumps over an orphan',
    severity: 'latent',
    deviceId: 20,
    vm: () => withOrphan(20, { 0: [8200, 0] }),
    mends: true,
  },
  {
    code: 'D205',
    when: 'a live device has its ITT outside RAM',
    severity: 'fails',
    errno: 'EFAULT',
    deviceId: 16,
    vm: () => healthy().dte(16, { size: 4, next: 8, ittAddr: outside }),
  },
  {
    code: 'D206',
    when: 'an orphan and a live device share an ITT',
    severity: 'latent',
    deviceId: 20,
    vm: () => withOrphan(20, {}).dte(20, { size: 4, ittAddr: 0x4101_0000 }),
    mends: true,
  },
  {
    code: 'D207',
    when: 'an orphan with next = 0 comes before the live devices',
    severity: 'corrupts',
    deviceId: 8,
    vm: () => withOrphan(8, {}),
    mends: true,
  },
  {
    code: 'D208',
    when: 'next of the last device leads out of the table',
    severity: 'latent',
    deviceId: 24,
    vm: () => healthy().dte(24, { size: 4, next: 0x3fff, ittAddr: 0x4101_8000 }),
    mends: true,
  },
  {
    code: 'D209',
    when: 'a live device has no entry',
    severity: 'corrupts',
    deviceId: 24,
    vm: () => healthy().dte(24, { valid: false }),
  },
  {
    code: 'D210',
    when: 'a second-level page is outside RAM',
    severity: 'fails',
    errno: 'EFAULT',
    deviceId: 8192,
    vm: () => {
      const vm = new PlantedVm({ indirect: true })
        .map(16, { 0: [8192, 0] })
        .save()
        .dte(16, { size: 4, next: 0x3fff, ittAddr: 0x4101_0000 })
      return vm.word((DEVICE_TABLE + 8) as Gpa, { lo: outside, hi: 0x80000000 })
    },
  },
  {
    code: 'D211',
    when: 'nothing was ever saved',
    severity: 'corrupts',
    vm: () => new PlantedVm().map(16, { 0: [8192, 0] }),
  },
  {
    code: 'D212',
    when: 'the entry is from an earlier life of the device',
    severity: 'corrupts',
    deviceId: 16,
    vm: () =>
      new PlantedVm()
        .map(16, { 0: [8192, 0] })
        .save()
        .map(16, { 0: [8192, 0] }, { bits: 3, ittAddr: 0x4300_0000 }),
  },
  {
    code: 'D213',
    when: 'a jump ends behind its second-level page, on Linux 5.10',
    severity: 'fails',
    errno: 'EFAULT',
    deviceId: 16,
    vm: () =>
      Object.assign(
        new PlantedVm({ indirect: true })
          .map(16, { 0: [8192, 0] })
          .map(60000, { 0: [8193, 0] })
          .save(),
        {
          more: { profile: profiles['linux-5.10'] },
        },
      ),
    mends: true,
  },
  {
    code: 'D214',
    when: 'a device without an event is restored by Linux 4.13',
    severity: 'fails',
    errno: 'EINVAL',
    vm: () => Object.assign(healthy().map(32, {}).save(), { more: { profile: profiles['linux-4.13'] } }),
  },
  {
    code: 'I301',
    when: 'a live event has a pINTID below 8192',
    severity: 'fails',
    errno: 'EINVAL',
    deviceId: 16,
    eventId: 1,
    vm: () => healthy().ite(16, 1, { pintid: 40, icid: 1 }),
  },
  {
    code: 'I302',
    when: 'a live event has a collection that is not listed',
    severity: 'fails',
    errno: 'EINVAL',
    deviceId: 16,
    eventId: 1,
    vm: () => healthy().ite(16, 1, { pintid: 8193, icid: 9 }),
  },
  {
    code: 'I303',
    when: 'a discarded event comes before the live ones',
    severity: 'corrupts',
    deviceId: 16,
    eventId: 0,
    vm: () =>
      new PlantedVm()
        .map(16, { 0: [8192, 0], 1: [8193, 0] })
        .save()
        .discard(16, 0)
        .save(),
    mends: true,
  },
  {
    code: 'I304',
    when: 'a discarded event with next = 0 comes before the live ones',
    severity: 'corrupts',
    deviceId: 16,
    eventId: 0,
    vm: () =>
      new PlantedVm()
        .map(16, { 0: [8192, 0] })
        .save()
        .discard(16, 0)
        .command('MAPTI', { deviceId: 16, eventId: 1, pintid: 8193, icid: 0 })
        .ite(16, 1, { pintid: 8193, icid: 0 }),
    mends: true,
  },
  {
    code: 'I305',
    when: 'an orphan that a restore visits claims the LPI of a live event',
    severity: 'corrupts',
    deviceId: 8,
    eventId: 0,
    vm: () => withOrphan(8, { 0: [8194, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }),
    mends: true,
  },
  {
    code: 'I306',
    when: 'next of a live event leads out of its ITT',
    severity: 'fails',
    errno: 'EINVAL',
    deviceId: 16,
    eventId: 1,
    vm: () => healthy().ite(16, 1, { pintid: 8193, icid: 1, next: 40 }),
  },
  {
    code: 'I307',
    when: 'a live event has no entry',
    severity: 'corrupts',
    deviceId: 16,
    eventId: 1,
    vm: () => healthy().ite(16, 1, {}),
  },
  {
    code: 'I308',
    when: 'a live event has another LPI in the table than for the guest',
    severity: 'corrupts',
    deviceId: 16,
    eventId: 1,
    vm: () => healthy().ite(16, 1, { pintid: 8300, icid: 1 }),
  },
  {
    code: 'I309',
    when: 'the chain jumps over a discarded event',
    severity: 'latent',
    deviceId: 24,
    eventId: 1,
    vm: () =>
      new PlantedVm()
        .map(24, { 0: [8192, 0], 1: [8193, 0], 2: [8194, 0] })
        .save()
        .discard(24, 1)
        .save(),
    mends: true,
  },
  {
    code: 'L401',
    when: 'the configuration table is not in RAM',
    severity: 'fails',
    errno: 'EFAULT',
    vm: () => {
      const vm = healthy()
      vm.redistributors = vm.redistributors.map((one) => ({ ...one, propbaser: 15n }))
      return vm
    },
  },
  {
    code: 'L402',
    when: 'a pending table is not in RAM',
    severity: 'fails',
    errno: 'EFAULT',
    vm: () => {
      const vm = healthy()
      vm.redistributors = vm.redistributors.map((one) => ({ ...one, pendbaser: 0n }))
      return vm
    },
  },
  {
    code: 'L403',
    when: 'a pending bit belongs to no mapped event',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      vm.memory.setU8((0x4007_0000 + 9000 / 8) as Gpa, 1)
      return vm
    },
  },
  {
    code: 'Q601',
    when: 'commands wait',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      vm.its = { creadr: vm.registers().its.creadr - 32n }
      return vm
    },
  },
  {
    code: 'Q602',
    when: 'the queue is outside RAM',
    severity: 'latent',
    vm: () => Object.assign(healthy(), { its: { cbaser: GITS_CBASER.pack({ valid: true, address: outside, pages: 15 }) } }),
  },
  {
    code: 'Q603',
    when: 'the ring has gone round',
    severity: 'note',
    vm: () => {
      const vm = healthy({ queuePages: 1 })
      for (let i = 0; i < 128; i++) vm.command('MOVI', { deviceId: 16, eventId: 0, icid: 0 })
      return vm
    },
  },
  {
    code: 'Q604',
    when: 'an executed slot holds no command',
    severity: 'note',
    vm: () => {
      const vm = healthy()
      vm.memory.setU32((QUEUE + 4 * 32) as Gpa, 0xee)
      return vm
    },
  },
  {
    code: 'Q605',
    when: 'a function says an event is off that the queue has mapped',
    severity: 'note',
    vm: () => Object.assign(healthy(), { more: { msi: [pciFunction(16, [0])] } }),
  },
  { code: 'M701', when: 'there are two ITSes', severity: 'note', vm: () => Object.assign(healthy(), { more: { itsCount: 2 } }) },
  {
    code: 'M702',
    when: 'a page of the collection table is not in the file',
    severity: 'latent',
    vm: () => Object.assign(healthy(), { more: { missing: [COLLECTION_TABLE as Gpa] } }),
  },
]
