import { HEAD_ITE, HEAD_MAGIC, type ProfileId, profiles } from '../../../abi/index.ts'
import type { Gpa } from '../../../memory/index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction } from '../planted-vm.ts'
import { healthy, type ProblemCase, withOrphan } from './problem-case.ts'

/** The same VM, restored by this kernel. */
const before = (vm: PlantedVm, kernel: ProfileId) => Object.assign(vm, { more: { profile: profiles[kernel] } })

/** Device 24 has events 2 and 5, and a head that names `first`. */
function withIttHead(first: number): PlantedVm {
  const vm = new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 2: [8194, 0], 5: [8195, 1] })
    .save()
  return vm.word(vm.iteAt(24, 0), HEAD_ITE.encode({ magic: HEAD_MAGIC, first }))
}

/** Interrupt translation tables and LPI tables. */
export const ittCases: readonly ProblemCase[] = [
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
    vm: () => before(withOrphan(8, { 0: [8194, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }), 'linux-7.3'),
    mends: true,
  },
  {
    code: 'I310',
    when: 'an orphan that a restore visits first has the LPI of a live event',
    severity: 'corrupts',
    deviceId: 24,
    eventId: 0,
    vm: () => before(withOrphan(8, { 0: [8194, 0] }).dte(8, { size: 4, next: 8, ittAddr: 0x4100_8000 }), 'linux-7.3.4'),
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
    code: 'I312',
    when: 'a stale event leads past one that was mapped since, and the guest cleared its ring',
    severity: 'corrupts',
    deviceId: 24,
    eventId: 1,
    confidence: 'inferred',
    vm: () =>
      new PlantedVm()
        .map(24, { 0: [8192, 0], 2: [8194, 0] })
        .save()
        .map(24, { 1: [8193, 0], 2: [8194, 0] })
        .save()
        .clearRing()
        .enable(8193),
  },
  {
    code: 'I311',
    when: 'the head of an ITT names an event behind the first',
    severity: 'latent',
    deviceId: 24,
    confidence: 'proven',
    vm: () => withIttHead(5),
    mends: true,
  },
  {
    code: 'I311',
    when: 'the head of an ITT names an event behind the first, and the kernel follows it',
    severity: 'corrupts',
    deviceId: 24,
    confidence: 'proven',
    vm: () => before(withIttHead(5), 'proposal-2024'),
    mends: true,
  },
  {
    code: 'I311',
    when: 'the head of an ITT names an event past it, and the kernel follows it',
    severity: 'fails',
    errno: 'EINVAL',
    deviceId: 24,
    vm: () => before(withIttHead(40), 'proposal-2024'),
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
    code: 'L404',
    when: 'the pending bit of a live event is set on another vCPU',
    severity: 'note',
    confidence: 'inferred',
    mends: true,
    vm: () => {
      const vm = healthy()
      vm.memory.setU8((0x4008_0000 + 8192 / 8) as Gpa, 1)
      return vm
    },
  },
  {
    code: 'L405',
    when: 'the pending table of a vCPU to which no event goes is not in RAM',
    severity: 'latent',
    vm: () => {
      const vm = new PlantedVm({ vcpus: 3 }).map(16, { 0: [8192, 0], 1: [8193, 1] }).save()
      vm.redistributors = vm.redistributors.map((one) => (one.vcpuId === 2 ? { ...one, pendbaser: 0n } : one))
      return vm
    },
  },
  {
    code: 'L406',
    when: 'the LPI of a live event is disabled and its vector is not masked',
    severity: 'note',
    confidence: 'inferred',
    deviceId: 16,
    eventId: 1,
    vm: () => {
      const vm = healthy()
      vm.memory.setU8(LPI_CONFIGURATION as Gpa, 0xc3)
      return Object.assign(vm, { more: { msi: [pciFunction(16, [0, 1])] } })
    },
  },
]
