import { GITS_CBASER } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { audit, type RuleName, setScene } from '../index.ts'
import { mapped, OWED_DEVICE, type Owing, owing } from './owing-vm.ts'
import { PlantedVm, pciFunction } from './planted-vm.ts'
import { knownRedistributors } from './problem-cases/problem-case.ts'
import {
  about,
  debugfs,
  kernel,
  listed,
  listing,
  otherGuest,
  pci,
  queue,
  unknownTarget,
  unmapped,
  vectors,
  waiting,
  whole,
  wrapped,
  xen,
  zephyr,
} from './rule-vms.ts'

export interface RuleCase {
  /** Where the rule speaks. */
  readonly said: () => RuleName | readonly RuleName[]
  /** Just beyond it; and what holds there, if anything. */
  readonly beyond: () => RuleName | readonly RuleName[]
  readonly instead?: RuleName
}

/** What KVM has of the VM whose ring has gone round. */
const both = { 8: { 0: [8192, 0], 1: [8193, 1] }, 16: { 0: [8194, 0], 1: [8195, 1] } } as const

/** For each rule, a VM where it speaks and one just beyond its limit. */
export const ruleCases: Readonly<Record<RuleName, RuleCase>> = {
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
  'R-debugfs-listed': {
    said: () => [debugfs(wrapped(), listed(both), 8), debugfs(wrapped(), listed(both), 8, 1)],
    beyond: () => debugfs(wrapped(), listed({ ...both, 8: { 0: [8300, 0] } }), 8),
    instead: 'R-debugfs-moment',
  },
  'R-debugfs-unlisted': {
    said: () => debugfs(wrapped(), listed({ 16: both[16] }), 8),
    beyond: () => debugfs(whole().map(24, {}).save(), listed({ 8: both[8], 16: { 0: [8194, 0] } }), 24),
    instead: 'R-debugfs-bare',
  },
  'R-debugfs-event': {
    said: () => debugfs(wrapped(), listed({ ...both, 8: { 0: [8192, 0] } }), 8, 1),
    beyond: () => {
      const vm = wrapped()
      vm.ite(8, 1, { pintid: 8193, icid: 9, next: 0 })
      return debugfs(vm, listed({ ...both, 8: { 0: [8192, 0] } }), 8, 1)
    },
    instead: 'R-debugfs-bare',
  },
  'R-debugfs-lpi': {
    said: () => [
      debugfs(wrapped(), { itses: [], lpis: new Set([8194]) }, 8),
      debugfs(wrapped(), { itses: [], lpis: new Set([8192, 8194]) }, 8, 1),
    ],
    beyond: () => debugfs(wrapped(), { itses: [], lpis: new Set([8192, 8194]) }, 8, 0),
    instead: 'R-debugfs-bare',
  },
  'R-debugfs-bare': {
    said: () => debugfs(whole().map(24, {}).save(), listed({ 8: both[8], 16: { 0: [8194, 0] } }), 24),
    beyond: () => debugfs(wrapped(), listed({ 16: both[16] }), 8),
    instead: 'R-debugfs-unlisted',
  },
  'R-debugfs-moment': {
    said: () => debugfs(wrapped(), listed({ 32: { 0: [8300, 0] } }), 8),
    beyond: () => debugfs(wrapped(), listed(both), 8),
    instead: 'R-debugfs-listed',
  },
  'R-debugfs-none': {
    said: () => debugfs(wrapped(), undefined, 8),
    beyond: () => debugfs(wrapped(), listed(both), 8),
    instead: 'R-debugfs-listed',
  },
  'R-chain-gap': {
    said: () => about(wrapped().dte(24, { size: 4, ittAddr: 0x4101_8000 }), 24),
    beyond: () => about(wrapped().dte(12, { size: 4, ittAddr: 0x4101_8000 }), 12),
  },
  'R-kernel-rdist': {
    said: () => evidenceOf(knownRedistributors(whole().withRegistersOfFirst())),
    beyond: () => evidenceOf(whole().withRegistersOfFirst()),
  },
  'R-lpi-on': {
    said: () => about(unmapped(new PlantedVm()).enable(8200), 8),
    beyond: () => about(unmapped(xen()).enable(8200), 8),
    instead: 'R-lpi-xen',
  },
  'R-lpi-off': {
    said: () => about(unmapped(new PlantedVm()), 8),
    beyond: () => about(unmapped(new PlantedVm()).enable(8200), 8),
    instead: 'R-lpi-on',
  },
  'R-lpi-xen': {
    said: () => about(unmapped(xen()).enable(8200), 8),
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
  'R-virtq-ahead': { said: () => owed(), beyond: () => owed({ eventIdx: false }) },
  'R-virtq-emptied': { said: () => owed(), beyond: () => owed({ kind: 'net' }), instead: 'R-virtq-left' },
  'R-virtq-left': { said: () => owed({ kind: 'net' }), beyond: () => owed({ kind: 'console' }) },
  'R-pend-clear': { said: () => owed(), beyond: () => owed({ isPending: true }) },
  'R-vcpu-wait': { said: () => owed({ vcpus: ['off', 'waiting'] }), beyond: () => owed(otherRuns), instead: 'R-vcpu-target' },
  'R-vcpu-target': { said: () => owed(otherRuns, moved(8)), beyond: () => owed(otherRuns, moved(7)), instead: 'R-vcpu-other' },
  'R-vcpu-other': {
    said: () => owed({ ...otherRuns, kind: 'fs' }),
    beyond: () => owed({ kind: 'fs' }),
    instead: 'R-vcpu-wait',
  },
  'R-vcpu-run': {
    said: () => owed({ vcpus: ['unknown', 'kernel'] }),
    beyond: () => owed({ vcpus: ['kernel', 'program'] }),
    instead: 'R-vcpu-target',
  },
  'R-vcpu-unknown': { said: () => owed({ vcpus: [] }), beyond: () => owed(), instead: 'R-vcpu-wait' },
}

/** The rules by which the problem of device 8's queue is known; none without one. */
const owed = (options: Owing = {}, vm?: PlantedVm) => about(owing(options, vm), OWED_DEVICE)
/** Event 1 of device 8 was moved by one of the last commands, and another vCPU is in its kernel. */
const moved = (commands: number): PlantedVm => {
  const vm = mapped().command('MOVI', { deviceId: OWED_DEVICE, eventId: 1, icid: 1 })
  for (let i = 0; i < commands; i++) vm.command('SYNC', {})
  return vm
}
const otherRuns = { vcpus: ['kernel', 'waiting'] } as const
const evidenceOf = (vm: PlantedVm): RuleName[] =>
  audit(setScene(vm.input())).findings.flatMap(({ evidence }) => evidence.map(({ rule }) => rule))

/** The DTE of device 24 has its ITT where RAM may be. */
function elsewhere(): PlantedVm {
  const vm = whole().dte(24, { size: 4, ittAddr: 0x8000_0000 })
  vm.more = { unlocated: [{ base: 0x8000_0000 as Gpa, bytes: 0x1000_0000 }] }
  return vm
}
