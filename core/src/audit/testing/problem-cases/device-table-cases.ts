import { GITS_BASER, HEAD_DTE, HEAD_MAGIC, profiles } from '../../../abi/index.ts'
import type { Gpa } from '../../../memory/index.ts'
import { DEVICE_TABLE, PlantedVm } from '../planted-vm.ts'
import { healthy, outside, type ProblemCase, withOrphan } from './problem-case.ts'

/** The device table. */
export const deviceTableCases: readonly ProblemCase[] = [
  {
    code: 'D201',
    when: 'the device table is outside RAM',
    severity: 'fails',
    errno: 'EFAULT',
    vm: () => {
      const vm = healthy()
      const [, collections] = vm.registers().itses[0]!.baser
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
    code: 'D215',
    when: 'a stale device with the ITT of a live one leads past it, and the guest cleared its ring',
    severity: 'corrupts',
    deviceId: 12,
    confidence: 'inferred',
    vm: () => hiddenDevice().clearRing().enable(8192),
  },
  {
    code: 'D216',
    when: 'the head of the device table names a device behind the first',
    severity: 'latent',
    confidence: 'proven',
    vm: () => staleTableHead(),
    mends: true,
  },
  {
    code: 'D216',
    when: 'the head of the device table names a device behind the first, and the kernel follows it',
    severity: 'corrupts',
    confidence: 'proven',
    vm: () => Object.assign(staleTableHead(), { more: { profile: profiles['proposal-2024'] } }),
    mends: true,
  },
]

/** Its head leads past device 16. */
function staleTableHead(): PlantedVm {
  const vm = healthy()
  return vm.word(vm.dteAt(0), HEAD_DTE.encode({ magic: HEAD_MAGIC, first: 24 }))
}

/** Device 12 has the ITT that device 8 had, and the entry of device 8 leads past it. */
function hiddenDevice(): PlantedVm {
  const vm = new PlantedVm().map(8, { 0: [8192, 0] }).map(16, { 0: [8193, 0] })
  return vm
    .save()
    .unmap(8)
    .map(12, { 0: [8192, 0] }, { ittAddr: vm.itt(8) })
    .save()
}
