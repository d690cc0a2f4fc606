import { PlantedVm } from '../../audit/testing/planted-vm.ts'

/** Two devices with two events each. */
export const healthy = (options = {}) =>
  new PlantedVm(options)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()

/** As `healthy`; device 8 was unmapped, and its entry stays before the live ones. */
export const withOrphan = (next: number) =>
  new PlantedVm()
    .map(8, { 0: [8300, 0] })
    .save()
    .unmap(8)
    .map(16, { 0: [8192, 0], 1: [8193, 1] })
    .map(24, { 0: [8194, 0], 2: [8195, 1] })
    .save()
    .dte(8, { size: 4, next, ittAddr: 0x4100_8000 })

/** Nothing but signs of the events 0 and 1 of device 16 is left in the ring: what it does not name is unknown. */
export function goneRound(vm: PlantedVm): PlantedVm {
  for (let i = 0; i < 129; i++) vm.command('INV', { deviceId: 16, eventId: i % 2 })
  return vm
}
