import { describe, expect, it } from 'vitest'
import { COMMAND_BYTES, FIRST_LPI, GITS_CBASER, type MsiFunction } from '../abi/index.ts'
import { KernelDevice, type KernelOutcome } from '../guest-kernel/index.ts'
import type { Gpa } from '../memory/index.ts'
import { proves, ruleNames, ruleRow } from './answer.ts'
import { audit, type RuleName, setScene } from './index.ts'
import { LPI_CONFIGURATION, PlantedVm, pciFunction, QUEUE } from './testing/planted-vm.ts'

const small = () => new PlantedVm({ queuePages: 1 })
/** Devices 8 and 16, with events 0 and 1; of device 8 nothing is left in the ring. */
const wrapped = () =>
  small()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8194, 0], 1: [8195, 1] })
    .goRoundWith(16)
    .save()
const whole = () =>
  new PlantedVm()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8194, 0] })
    .save()
const queue = (vm: PlantedVm, deviceId: number, eventId?: number): RuleName => {
  const { beliefs } = setScene(vm.input())
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).queue.rule
}
const pci = (vm: PlantedVm, msi: readonly MsiFunction[], eventId?: number, deviceId = 8): RuleName => {
  const { beliefs } = setScene({ ...vm.input(), msi })
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).pci.rule
}
/** The guest kernel's list: DeviceIDs with the EventIDs that are allocated, event n of device 8 with LPI 8192 + n. */
function listing(allocated: Readonly<Record<number, readonly number[]>>): KernelOutcome {
  const devices = new Map<number, KernelDevice>()
  for (const [id, events] of Object.entries(allocated)) {
    const lpiMap = new Uint32Array([events.reduce((bits, event) => bits | (1 << event), 0)])
    const ids = { deviceId: Number(id), at: 0x4030_0000 as Gpa, itt: undefined }
    devices.set(Number(id), new KernelDevice(ids, FIRST_LPI, lpiMap, new Uint16Array(32)))
  }
  return { found: { list: 0x4020_0000 as Gpa, by: 'BTF', devices, unsent: 0 } }
}
/** What it says in a ring that has gone round, with this configuration byte for both LPIs of device 8. */
function kernel(outcome: KernelOutcome, deviceId: number, eventId?: number, byte = 0xa1, vm = wrapped()): RuleName {
  for (const lpi of [8192, 8193]) vm.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, byte)
  const { beliefs } = setScene({ ...vm.input(), guestKernel: [outcome] })
  return (eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)).kernel.rule
}
/** The rules by which witnesses speak for or against what is found about one device. */
const about = (vm: PlantedVm, deviceId: number): RuleName[] =>
  audit(setScene(vm.input()))
    .findings.filter((one) => one.deviceId === deviceId)
    .flatMap(({ evidence }) => evidence.map(({ rule }) => rule))

/** Sets vectors of a function to other targets, or masks them. */
const vectors = (part: MsiFunction, change: Partial<MsiFunction['vectors'][number]>): MsiFunction => ({
  ...part,
  vectors: part.vectors.map((vector) => ({ ...vector, ...change })),
})
const unknownTarget = { kind: 'elsewhere' } as const
const enable = (vm: PlantedVm, lpi: number): PlantedVm => {
  vm.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, 0xa1)
  return vm
}
/** The configuration table as a guest leaves it that writes another byte for LPIs that it does not use. */
const otherGuest = (vm: PlantedVm, byte: number): PlantedVm => {
  vm.memory.fill(LPI_CONFIGURATION as Gpa, 0xe000, byte)
  return vm
}
const xen = () => new PlantedVm({ queuePages: 256 })
/** Of a device that the queue unmapped, event 0 had an LPI. */
const unmapped = (vm: PlantedVm, lpi = 8200) =>
  vm
    .map(8, { 0: [lpi, 0] })
    .map(16, { 0: [8194, 0] })
    .save()
    .unmap(8)
/**
 * A ring of 384 slots of which the guest has used 256 and begun again; behind them commands about device 24, and in one slot something
 * else, as behind a ring of Zephyr's.
 */
function zephyr(isForeign: boolean): PlantedVm {
  const vm = new PlantedVm({ queuePages: 3 }).clearRing()
  for (const id of [16, 24]) vm.dte(id, { size: 4, ittAddr: vm.itt(id) }).ite(id, 0, { pintid: 8200 + id, icid: 0 })
  for (let slot = 2; slot < 384; slot++) vm.command('INV', { deviceId: slot < 256 ? 16 : 24, eventId: 0 })
  for (let slot = 0; slot < 4; slot++) vm.command('INV', { deviceId: 16, eventId: 0 })
  if (isForeign) vm.memory.fill((QUEUE + 310 * COMMAND_BYTES) as Gpa, COMMAND_BYTES, 0xee)
  return vm
}
/** The last command is written and not executed. */
function waiting(vm: PlantedVm): PlantedVm {
  const { creadr } = vm.registers().itses[0]!
  vm.its = { creadr: creadr - BigInt(COMMAND_BYTES) }
  return vm
}

interface RuleCase {
  /** Where the rule speaks. */
  readonly said: () => RuleName | readonly RuleName[]
  /** Just beyond it; and what holds there, if anything. */
  readonly beyond: () => RuleName | readonly RuleName[]
  readonly instead?: RuleName
}

const cases: Readonly<Record<RuleName, RuleCase>> = {
  'R-ring-mapped': {
    said: () => queue(whole(), 8, 0),
    beyond: () => queue(whole().command('MAPTI', { deviceId: 8, eventId: 40, pintid: 8300, icid: 0 }), 8, 40),
    instead: 'R-ring-lap',
  },
  'R-ring-named': {
    said: () => queue(wrapped(), 16, 0),
    beyond: () => queue(wrapped().command('INT', { deviceId: 0x1_0000, eventId: 0 }), 16, 0),
    instead: 'R-ring-refused',
  },
  'R-ring-unmapped': {
    said: () => queue(whole().discard(8, 1), 8, 1),
    beyond: () => queue(waiting(whole().unmap(8)), 8, 1),
    instead: 'R-ring-pending',
  },
  'R-ring-lap': {
    said: () => queue(wrapped().map(8, { 0: [8192, 0] }), 8, 1),
    beyond: () => queue(wrapped(), 16, 1),
    instead: 'R-ring-wrapped',
  },
  'R-ring-whole': {
    said: () => queue(whole(), 24),
    beyond: () => queue(whole().command('INV', { deviceId: 40, eventId: 0 }), 24),
    instead: 'R-ring-restart',
  },
  'R-ring-wrapped': { said: () => queue(wrapped(), 8), beyond: () => queue(wrapped().unmap(8), 8), instead: 'R-ring-unmapped' },
  'R-ring-restart': {
    said: () => queue(whole().beginAnew().command('INV', { deviceId: 40, eventId: 0 }), 16),
    beyond: () => {
      const vm = whole().beginAnew().command('INV', { deviceId: 40, eventId: 0 })
      vm.more = { msi: [pciFunction(16, [0])] }
      return queue(vm, 16)
    },
    instead: 'R-ring-mapped',
  },
  'R-ring-refused': {
    said: () => queue(wrapped().command('MAPTI', { deviceId: 16, eventId: 0x1_0000, pintid: 8300, icid: 0 }), 16),
    beyond: () => queue(wrapped().map(8, {}).command('MAPTI', { deviceId: 8, eventId: 0x1_0000, pintid: 8300, icid: 0 }), 8),
    instead: 'R-ring-mapped',
  },
  'R-ring-tail': { said: () => queue(zephyr(true), 24), beyond: () => queue(zephyr(false), 24), instead: 'R-ring-named' },
  'R-ring-pending': {
    said: () => queue(waiting(whole().command('INV', { deviceId: 8, eventId: 0 })), 8),
    beyond: () => queue(whole().command('INV', { deviceId: 8, eventId: 0 }), 8),
    instead: 'R-ring-mapped',
  },
  'R-ring-damaged': {
    said: () => queue(whole().clearRing(), 8),
    beyond: () => queue(whole(), 8),
    instead: 'R-ring-mapped',
  },
  'R-ring-none': {
    said: () => {
      const vm = whole()
      vm.its = { cbaser: GITS_CBASER.pack({ address: 0x1000_0000, valid: true }) }
      return queue(vm, 8)
    },
    beyond: () => queue(whole(), 8),
    instead: 'R-ring-mapped',
  },
  'R-pci-on': {
    said: () => pci(wrapped(), [pciFunction(8, [0])]),
    beyond: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: unknownTarget, address: 0xfee0n })]),
    instead: 'R-pci-elsewhere',
  },
  'R-pci-vector': {
    said: () => pci(wrapped(), [pciFunction(8, [0])], 0),
    beyond: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { masked: true })], 0),
    instead: 'R-pci-masked',
  },
  'R-pci-iova': {
    said: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: { kind: 'translated', its: 0 } })], 0),
    beyond: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: unknownTarget, address: 0xffff_f040n })], 0),
    instead: 'R-pci-page',
  },
  'R-pci-masked': {
    said: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { masked: true })], 0),
    beyond: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { masked: true }), pciFunction(8, [0])], 0),
    instead: 'R-pci-vector',
  },
  'R-pci-multi': {
    said: () => pci(wrapped(), [{ ...pciFunction(8, [0, 1, 2, 3]), kind: 'MSI' }], 3),
    beyond: () => pci(wrapped(), [{ ...pciFunction(8, [0, 1, 2, 3]), kind: 'MSI' }], 2),
    instead: 'R-pci-vector',
  },
  'R-pci-none': {
    said: () => pci(wrapped(), [pciFunction(8, [0])], 1),
    beyond: () => pci(otherGuest(wrapped(), 0x02), [pciFunction(8, [0])], 1),
    instead: 'R-pci-guest',
  },
  'R-pci-off': {
    said: () => pci(wrapped(), [pciFunction(8, [], false)], 1),
    beyond: () => pci(otherGuest(wrapped(), 0), [pciFunction(8, [], false)], 1),
    instead: 'R-pci-guest',
  },
  'R-pci-kept': {
    said: () => pci(wrapped(), [pciFunction(8, [], false)]),
    beyond: () => pci(wrapped(), [pciFunction(8, [])]),
    instead: 'R-pci-on',
  },
  'R-pci-stale': {
    said: () => pci(wrapped(), [pciFunction(8, [0], false)], 0),
    beyond: () => pci(wrapped(), [pciFunction(8, [], false)], 0),
    instead: 'R-pci-off',
  },
  'R-pci-asleep': {
    said: () => pci(wrapped(), [{ ...pciFunction(8, [0]), asleep: true }], 1),
    beyond: () => pci(wrapped(), [{ ...pciFunction(8, [0]), asleep: true }], 0),
    instead: 'R-pci-vector',
  },
  'R-pci-guest': {
    said: () =>
      pci(
        xen()
          .map(8, { 0: [8192, 0] })
          .save(),
        [pciFunction(8, [0])],
        1,
      ),
    beyond: () => pci(otherGuest(wrapped(), 0xa2), [pciFunction(8, [0])], 1),
    instead: 'R-pci-none',
  },
  'R-pci-elsewhere': {
    said: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: unknownTarget, address: 0xfee0n })], 0),
    beyond: () =>
      pci(wrapped(), [vectors(pciFunction(8, [1]), { target: unknownTarget, address: 0xfee0n }), pciFunction(8, [0])], 0),
    instead: 'R-pci-vector',
  },
  'R-pci-page': {
    said: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: unknownTarget, address: 0xffff_f040n })], 0),
    beyond: () => pci(wrapped(), [vectors(pciFunction(8, [0]), { target: unknownTarget, address: 0xffff_f044n })], 0),
    instead: 'R-pci-elsewhere',
  },
  'R-pci-alias': {
    said: () => pci(wrapped(), [pciFunction(8, [0]), { ...pciFunction(8, []), name: 'vfio', kind: 'unread' }], 1),
    beyond: () => pci(wrapped(), [pciFunction(8, [0]), { ...pciFunction(24, []), name: 'vfio', kind: 'unread' }], 1),
    instead: 'R-pci-none',
  },
  'R-pci-absent': {
    said: () => pci(wrapped(), [pciFunction(8, [0])], 0, 16),
    beyond: () => pci(wrapped(), [pciFunction(8, [0])], 0),
    instead: 'R-pci-vector',
  },
  'R-kernel-listed': {
    said: () => kernel(listing({ 8: [0] }), 8),
    beyond: () => kernel(listing({ 8: [0] }), 16),
    instead: 'R-kernel-unlisted',
  },
  'R-kernel-unlisted': {
    said: () => kernel(listing({ 8: [0] }), 16, 0),
    beyond: () => kernel(listing({ 8: [0], 16: [] }), 16),
    instead: 'R-kernel-listed',
  },
  'R-kernel-event': {
    said: () => kernel(listing({ 8: [0, 1] }), 8, 1),
    beyond: () => kernel(listing({ 8: [0, 1] }), 8, 1, 0xa0),
    instead: 'R-kernel-allocated',
  },
  'R-kernel-allocated': {
    said: () => kernel(listing({ 8: [0, 1] }), 8, 1, 0xa0),
    beyond: () => kernel(listing({ 8: [0] }), 8, 1, 0xa0),
    instead: 'R-kernel-free',
  },
  'R-kernel-free': {
    said: () => kernel(listing({ 8: [0] }), 8, 1),
    beyond: () => kernel(listing({ 8: [0, 1] }), 8, 1),
    instead: 'R-kernel-event',
  },
  'R-kernel-waits': {
    said: () => kernel(listing({ 8: [0] }), 8, 0, 0xa1, waiting(wrapped().command('INV', { deviceId: 8, eventId: 0 }))),
    beyond: () => kernel(listing({ 8: [0] }), 8, 0, 0xa1, wrapped().command('INV', { deviceId: 8, eventId: 0 })),
    instead: 'R-kernel-event',
  },
  'R-kernel-none': {
    said: () => kernel({ missing: { reason: 'it is not there', at: undefined } }, 8),
    beyond: () => kernel(listing({}), 8),
    instead: 'R-kernel-unlisted',
  },
  'R-chain-gap': {
    said: () => about(wrapped().dte(24, { size: 4, ittAddr: 0x4101_8000 }), 24),
    beyond: () => about(wrapped().dte(12, { size: 4, ittAddr: 0x4101_8000 }), 12),
  },
  'R-lpi-on': {
    said: () => about(enable(unmapped(new PlantedVm()), 8200), 8),
    beyond: () => about(enable(unmapped(xen()), 8200), 8),
    instead: 'R-lpi-xen',
  },
  'R-lpi-off': {
    said: () => about(unmapped(new PlantedVm()), 8),
    beyond: () => about(enable(unmapped(new PlantedVm()), 8200), 8),
    instead: 'R-lpi-on',
  },
  'R-lpi-xen': {
    said: () => about(enable(unmapped(xen()), 8200), 8),
    beyond: () => about(unmapped(xen()), 8),
    instead: 'R-lpi-off',
  },
  'R-lpi-taken': {
    said: () => about(unmapped(new PlantedVm(), 8194), 8),
    beyond: () => about(unmapped(new PlantedVm(), 8200), 8),
    instead: 'R-lpi-off',
  },
  'R-itt-foreign': {
    said: () => about(wrapped().ite(8, 3, { pintid: 77, icid: 0 }), 8),
    beyond: () => about(wrapped().ite(8, 3, { pintid: 8300, icid: 0 }), 8),
  },
  'R-itt-taken': {
    said: () => about(wrapped().dte(12, { size: 4, ittAddr: new PlantedVm().itt(16) }), 12),
    beyond: () => about(wrapped().dte(12, { size: 4, ittAddr: new PlantedVm().itt(17) }), 12),
  },
  'R-ram-unplaced': {
    said: () => queue(elsewhere(), 24, 0),
    beyond: () => queue(elsewhere(), 8, 0),
    instead: 'R-ring-mapped',
  },
}

/** The DTE of device 24 has its ITT where RAM may be. */
function elsewhere(): PlantedVm {
  const vm = whole().dte(24, { size: 4, ittAddr: 0x8000_0000 })
  vm.more = { unlocated: [{ base: 0x8000_0000 as Gpa, bytes: 0x1000_0000 }] }
  return vm
}

describe.each(ruleNames)('%s', (name) => {
  const { said, beyond, instead } = cases[name]

  it(`lets the ${ruleRow(name).witness} say ${ruleRow(name).says}: ${ruleRow(name).when}`, () => {
    expect([said()].flat()).toContain(name)
  })

  it(`ends there: ${ruleRow(name).limit}`, () => {
    const found = [beyond()].flat()
    expect(found).not.toContain(name)
    if (instead !== undefined) expect(found).toContain(instead)
  })
})

describe('a witness', () => {
  it('proves nothing by silence, nor by what only follows from something else', () => {
    const proving = ruleNames.filter(proves)
    expect(proving.every((name) => ruleRow(name).says !== 'silent')).toBe(true)
    expect(ruleNames.filter((name) => ruleRow(name).says !== 'silent' && !proving.includes(name))).toEqual([
      'R-lpi-on',
      'R-lpi-taken',
      'R-itt-foreign',
      'R-itt-taken',
    ])
  })
})
