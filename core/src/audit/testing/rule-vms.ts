import { COMMAND_BYTES, FIRST_LPI, type KvmLists, type MsiFunction } from '../../abi/index.ts'
import { KernelDevice, type KernelOutcome } from '../../guest-kernel/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { debugfsWitness } from '../debugfs-witness.ts'
import { audit, type RuleName, setScene } from '../index.ts'
import { LPI_CONFIGURATION, PlantedVm, QUEUE } from './planted-vm.ts'

export const small = () => new PlantedVm({ queuePages: 1 })
/** Devices 8 and 16, with events 0 and 1; of device 8 nothing is left in the ring. */
export const wrapped = () =>
  small()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8194, 0], 1: [8195, 1] })
    .goRoundWith(16)
    .save()
export const whole = () =>
  new PlantedVm()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8194, 0] })
    .save()
export const queue = (vm: PlantedVm, deviceId: number, eventId?: number): RuleName => {
  const { beliefs } = setScene(vm.input())
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).queue.rule
}
export const pci = (vm: PlantedVm, msi: readonly MsiFunction[], eventId?: number, deviceId = 8): RuleName => {
  const { beliefs } = setScene({ ...vm.input(), msi })
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).pci.rule
}
/** The guest kernel's list: DeviceIDs with the EventIDs that are allocated, event n of device 8 with LPI 8192 + n. */
export function listing(allocated: Readonly<Record<number, readonly number[]>>): KernelOutcome {
  const devices = new Map<number, KernelDevice>()
  for (const [id, events] of Object.entries(allocated)) {
    const lpiMap = new Uint32Array([events.reduce((bits, event) => bits | (1 << event), 0)])
    const ids = { deviceId: Number(id), at: 0x4030_0000 as Gpa, itt: undefined }
    devices.set(Number(id), new KernelDevice(ids, FIRST_LPI, lpiMap, new Uint16Array(32)))
  }
  return { found: { list: 0x4020_0000 as Gpa, by: 'BTF', devices, unsent: 0 } }
}
/** What it says in a ring that has gone round, with this configuration byte for both LPIs of device 8. */
export function kernel(outcome: KernelOutcome, deviceId: number, eventId?: number, byte = 0xa1, vm = wrapped()): RuleName {
  for (const lpi of [8192, 8193]) vm.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, byte)
  const { beliefs } = setScene({ ...vm.input(), guestKernel: [outcome] })
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).kernel.rule
}
/** What vgic-its-state has: DeviceIDs with [LPI, ICID] of each event; of devices with 32 EventIDs, collection n on vCPU n. */
export const listed = (
  devices: Readonly<Record<number, Readonly<Record<number, readonly [lpi: number, icid: number]>>>>,
): KvmLists => ({
  itses: [
    {
      base: undefined,
      devices: new Map(
        Object.entries(devices).map(([id, events]) => [
          Number(id),
          {
            eventIdBits: 5,
            events: new Map(Object.entries(events).map(([event, [lpi, icid]]) => [Number(event), { lpi, icid, rdBase: icid }])),
          },
        ]),
      ),
    },
  ],
  lpis: undefined,
})
/** What the texts of debugfs say. */
export const debugfs = (vm: PlantedVm, kvmLists: KvmLists | undefined, deviceId: number, eventId?: number): RuleName => {
  const witness = debugfsWitness(setScene({ ...vm.input(), ...(kvmLists && { kvmLists }) }))
  return eventId === undefined ? witness.device(deviceId) : witness.event(deviceId, eventId)
}
/** The rules by which witnesses speak for or against what is found about one device. */
export const about = (vm: PlantedVm, deviceId: number): RuleName[] =>
  audit(setScene(vm.input()))
    .findings.filter((one) => one.deviceId === deviceId)
    .flatMap(({ evidence }) => evidence.map(({ rule }) => rule))

/** Sets vectors of a function to other targets, or masks them. */
export const vectors = (part: MsiFunction, change: Partial<MsiFunction['vectors'][number]>): MsiFunction => ({
  ...part,
  vectors: part.vectors.map((vector) => ({ ...vector, ...change })),
})
export const unknownTarget = { kind: 'elsewhere' } as const
/** The configuration table as a guest leaves it that writes another byte for LPIs that it does not use. */
export const otherGuest = (vm: PlantedVm, byte: number): PlantedVm => {
  vm.memory.fill(LPI_CONFIGURATION as Gpa, 0xe000, byte)
  return vm
}
export const xen = () => new PlantedVm({ queuePages: 256 })
/** Of a device that the queue unmapped, event 0 had an LPI. */
export const unmapped = (vm: PlantedVm, lpi = 8200) =>
  vm
    .map(8, { 0: [lpi, 0] })
    .map(16, { 0: [8194, 0] })
    .save()
    .unmap(8)
/**
 * A ring of 384 slots of which the guest has used 256 and begun again; behind them commands about device 24, and in one slot something
 * else, as behind a ring of Zephyr's.
 */
export function zephyr(isForeign: boolean): PlantedVm {
  const vm = new PlantedVm({ queuePages: 3 }).clearRing()
  for (const id of [16, 24]) vm.dte(id, { size: 4, ittAddr: vm.itt(id) }).ite(id, 0, { pintid: 8200 + id, icid: 0 })
  for (let slot = 2; slot < 384; slot++) vm.command('INV', { deviceId: slot < 256 ? 16 : 24, eventId: 0 })
  for (let slot = 0; slot < 4; slot++) vm.command('INV', { deviceId: 16, eventId: 0 })
  if (isForeign) vm.memory.fill((QUEUE + 310 * COMMAND_BYTES) as Gpa, COMMAND_BYTES, 0xee)
  return vm
}
/** The last command is written and not executed. */
export function waiting(vm: PlantedVm): PlantedVm {
  const { creadr } = vm.registers().itses[0]!
  vm.its = { creadr: creadr - BigInt(COMMAND_BYTES) }
  return vm
}
