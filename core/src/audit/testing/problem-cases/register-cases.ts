import { GICR_PROPBASER, GITS_BASER } from '../../../abi/index.ts'
import { LPI_CONFIGURATION, PlantedVm } from '../planted-vm.ts'
import { copied, healthy, knownRedistributors, outside, type ProblemCase } from './problem-case.ts'

/** Registers and collections. */
export const registerCases: readonly ProblemCase[] = [
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
    code: 'R106',
    when: 'two vCPUs have the registers of one',
    severity: 'corrupts',
    confidence: 'inferred',
    vm: () => healthy().withRegistersOfFirst(),
  },
  {
    code: 'R107',
    when: 'the guest has another pending table, in which an LPI is pending',
    severity: 'corrupts',
    confidence: 'proven',
    vm: () => knownRedistributors(healthy().withRegistersOfFirst().pend(1, 8193)),
  },
  {
    code: 'R107',
    when: 'the guest has another pending table, in which nothing is pending',
    severity: 'latent',
    confidence: 'proven',
    vm: () => knownRedistributors(healthy().withRegistersOfFirst()),
  },
  {
    code: 'R108',
    when: 'the guest has another configuration table',
    severity: 'corrupts',
    confidence: 'inferred',
    vm: () => {
      const vm = knownRedistributors(healthy())
      const propbaser = GICR_PROPBASER.pack({ idBits: 15, address: LPI_CONFIGURATION + 0x10_0000 })
      vm.redistributors = vm.redistributors.map((one) => ({ ...one, propbaser }))
      return vm
    },
  },
  {
    code: 'R109',
    when: 'the guest has another pending table, in which an LPI is pending',
    severity: 'corrupts',
    confidence: 'proven',
    vm: () => knownRedistributors(copied(healthy()).pend(1, 8193)),
  },
  {
    code: 'R109',
    when: 'the guest has another pending table, in which nothing is pending',
    severity: 'latent',
    confidence: 'proven',
    vm: () => knownRedistributors(copied(healthy())),
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
      const [devices] = vm.registers().itses[0]!.baser
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
]
