import { FIRST_LPI, GICR_PROPBASER } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { record } from '../../memory/testing/recorded-texts.ts'
import { audit, setScene } from '../index.ts'
import { PlantedVm, pciFunction } from './planted-vm.ts'
import { problemCases } from './problem-cases/index.ts'
import { reportText } from './report-text.ts'

/** Where the reports on the planted problems are recorded; `npm run docs` records them anew. */
export const reportsFile = new URL('./reports.txt', import.meta.url)

interface PlantedCase {
  readonly title: string
  readonly vm: () => PlantedVm
}

/** Problems that meet in one VM. */
const together: readonly PlantedCase[] = [
  {
    title: 'together: dead devices and events, a claimed LPI, an ITT in another and a live event that is lost',
    vm: () =>
      new PlantedVm()
        .map(40, { 2: [8210, 1], 3: [8211, 0] })
        .map(16, { 0: [8192, 0], 1: [8193, 1] })
        .map(24, { 0: [8194, 0], 1: [8195, 0] }, { bits: 6 })
        .map(32, { 0: [8196, 0] }, { ittAddr: 0x4101_8100 })
        .save()
        .unmap(40)
        .unmap(32)
        .discard(24, 1)
        .map(8, { 0: [8210, 0], 1: [8211, 0] })
        .map(48, { 0: [8220, 0] }),
  },
  {
    title: 'together: a queue that has gone round, functions with and without events, and a chain cut short',
    vm: () => {
      const vm = new PlantedVm({ queuePages: 1 }).map(16, { 0: [8192, 0], 1: [8193, 1], 9: [8194, 0] }).map(24, { 0: [8195, 0] })
      for (let n = 0; n < 150; n++) vm.command('INV', { deviceId: 16, eventId: n % 2 })
      vm.save().dte(30, { ittAddr: 0x4120_0000, size: 4 }).ite(16, 1, { pintid: 8193, icid: 1, next: 0 })
      return Object.assign(vm, { more: { msi: [pciFunction(16, [0, 1, 9]), pciFunction(30, [], false), pciFunction(24, [0])] } })
    },
  },
  {
    title: 'together: dead devices and events with LPIs that are enabled, disabled, taken and none',
    vm: () => {
      const vm = new PlantedVm()
        .map(8, { 0: [8192, 0], 2: [8193, 0], 6: [8194, 0] })
        .map(24, { 0: [8200, 0], 1: [8201, 0], 3: [8202, 1] })
        .map(32, { 0: [8203, 0], 1: [8204, 0] })
        .map(40, { 0: [8192, 0], 1: [8205, 0] })
        .map(48, { 0: [8195, 0] })
        .save()
      for (const eventId of [2, 6]) vm.discard(8, eventId)
      for (const deviceId of [24, 32, 40]) vm.unmap(deviceId)
      vm.ite(8, 9, { pintid: 8191, icid: 0 }).ite(8, 10, { pintid: 65536, icid: 0 }).ite(8, 11, { pintid: 8250, icid: 0 })
      vm.save()
      const { address } = GICR_PROPBASER.unpack(vm.redistributors[0]!.propbaser)
      for (const lpi of [8192, 8194, 8201, 8202, 8250]) vm.memory.setU8((address + lpi - FIRST_LPI) as Gpa, 0xa1)
      return vm
    },
  },
  {
    title: 'together: the last of a chain, dead entries behind it and before it, and a jump longer than next can say',
    vm: () =>
      new PlantedVm({ indirect: true })
        .map(2, { 0: [8300, 0] })
        .map(5, { 0: [8192, 0], 4: [8193, 0], 9: [8194, 1], 20: [8195, 1] })
        .map(60000, { 3: [8196, 0] })
        .map(61000, { 3: [8301, 0] })
        .save()
        .unmap(2)
        .unmap(61000)
        .discard(5, 4)
        .discard(5, 20)
        .save(),
  },
  {
    title: 'together: LPIs out of range in live and dead events, and a device in the wrong place',
    vm: () =>
      new PlantedVm({ indirect: true })
        .map(9000, { 0: [8192, 0], 1: [8193, 1] })
        .map(3, { 0: [8194, 0] })
        .save()
        .ite(3, 4, { pintid: 70000, icid: 0 })
        .ite(9000, 1, { pintid: 8193, icid: 1, next: 40 })
        .unmap(9000)
        .map(9000, { 0: [8192, 1] }, { bits: 3 }),
  },
]

/** Each problem of the catalogue by itself, and several together. */
export const plantedVms: readonly PlantedCase[] = [
  ...problemCases.map(({ code, when, vm }) => ({ title: `${code}: ${when}`, vm })),
  ...together,
]

/** What the audit says of each of them, by its title. */
export const reports: ReadonlyMap<string, () => string> = new Map(
  plantedVms.map(({ title, vm }) => [title, () => reportText(audit(setScene(vm().input())))]),
)

export const recordReports = (): string => record(new Map([...reports].map(([title, text]) => [title, text()])))
