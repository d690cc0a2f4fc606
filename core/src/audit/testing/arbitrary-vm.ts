import fc from 'fast-check'
import { DEVICE_TABLE, PlantedVm, RAM, RAM_BYTES } from './planted-vm.ts'

const RAM_END = RAM + RAM_BYTES

const deviceId = fc.oneof({ weight: 4, arbitrary: fc.nat(40) }, fc.constantFrom(8191, 8192, 8200, 16390, 24580, 65535))
const eventId = fc.nat(9)
const pintid = fc.oneof({ weight: 6, arbitrary: fc.integer({ min: 8192, max: 8220 }) }, fc.constantFrom(1, 40, 57400, 65535))
const icid = fc.oneof({ weight: 6, arbitrary: fc.nat(1) }, fc.constantFrom(2, 9, 65535))
/** An ITT of the device's own, over another's, over the device table, or at the end of RAM. */
const itt = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: deviceId.map((of) => new PlantedVm().itt(of)) },
  fc.constantFrom(DEVICE_TABLE, RAM_END - 0x100),
)
const anyItt = fc.oneof({ weight: 8, arbitrary: itt }, fc.constant(RAM_END))
const bits = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 6 }) }, fc.constantFrom(12, 16, 17, 28, 32))

type Act = (vm: PlantedVm) => void

/** What a guest does, and KVM, and somebody who means harm. */
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.tuple(deviceId, fc.dictionary(eventId.map(String), fc.tuple(pintid, icid), { maxKeys: 5 }), itt).map(
      ([id, events, ittAddr]): Act =>
        (vm) =>
          vm.map(id, events, ittAddr === undefined ? {} : { ittAddr }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Act>((vm) => vm.save()) },
  {
    weight: 2,
    arbitrary: deviceId.map(
      (id): Act =>
        (vm) =>
          vm.unmap(id),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(deviceId, eventId).map(
      ([id, event]): Act =>
        (vm) =>
          vm.discard(id, event),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(deviceId, bits, fc.nat(12), anyItt).map(
      ([id, bits, next, ittAddr]): Act =>
        (vm) =>
          vm.dte(id, { size: bits - 1, next, ittAddr: ittAddr ?? vm.itt(id) }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(deviceId, eventId, pintid, icid, fc.nat(4)).map(
      ([id, event, pintid, icid, next]): Act =>
        (vm) =>
          vm.ite(id, event, { pintid, icid, next }),
    ),
  },
  fc.tuple(fc.nat(3), icid, fc.nat(2)).map(
    ([slot, icid, rdBase]): Act =>
      (vm) =>
        vm.cte(slot, { icid, rdBase }),
  ),
  fc.tuple(fc.nat(1), pintid).map(
    ([vcpu, lpi]): Act =>
      (vm) =>
        vm.pend(vcpu, lpi),
  ),
  fc.constantFrom<Act>(
    (vm) => vm.clearRing(),
    (vm) => vm.goRound(),
    (vm) => vm.beginAnew(),
    (vm) => Object.assign(vm.its, { ctlr: 0 }),
  ),
)

/** A VM with tables of any shape: what a sane guest has, what a bug leaves behind, and what is made to hurt. */
export const arbitraryVm: fc.Arbitrary<PlantedVm> = fc
  .record({ indirect: fc.boolean(), acts: fc.array(act, { minLength: 1, maxLength: 14 }) })
  .map(({ indirect, acts }) => {
    const vm = new PlantedVm({ indirect })
    for (const one of acts) one(vm)
    return vm
  })
