import { record } from '../../memory/testing/recorded-texts.ts'
import { audit, setScene } from '../index.ts'
import { PlantedVm, pciFunction } from './planted-vm.ts'
import { problemCases } from './problem-cases/index.ts'
import { reportText } from './report-text.ts'

/** Where the reports on the planted problems are recorded; `npm run docs` records them anew. */
export const reportsFile = new URL('./reports.txt', import.meta.url)

/** Problems that meet in one VM. */
const together: readonly { readonly title: string; readonly vm: () => PlantedVm }[] = [
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

const planted = problemCases.map(({ code, when, vm }) => ({ title: `${code}: ${when}`, vm }))

/** What the audit says of each planted problem, by its code and what is planted, and of several together. */
export const reports: ReadonlyMap<string, () => string> = new Map(
  [...planted, ...together].map(({ title, vm }) => [title, () => reportText(audit(setScene(vm().input())))]),
)

export const recordReports = (): string => record(new Map([...reports].map(([title, text]) => [title, text()])))
