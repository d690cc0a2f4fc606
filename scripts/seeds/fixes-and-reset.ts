import { answered, type SeedDocument, shownBy } from './seed-row.ts'

const proposal = 'tables/proposal-2017.test.ts'
const reset = 'kvm/reset.test.ts'
const kvmIts = 'kvm/kvm-its.test.ts'
const frame = 'its/its-frame.test.ts'

export const fixesAndReset: SeedDocument = {
  title: 'vITS migration fixes and reset',
  from: 'E. Auger and wanghaibin, ten patches, v2, 27 September 2017',
  rows: {
    31: {
      claim: 'Tables with nothing but invalid entries do not fail a restore.',
      by: [
        shownBy(
          'tables/walk.test.ts',
          '4.13 forgets a device whose ITT has no last entry and goes on at the next DTE, and wants a last DTE',
        ),
        answered('kernels.4.13.9', 'its_restore_tables', { scenario: 'difference_1', rc: 'EINVAL' }),
        answered('c4_planted.6.1.192', 'its_restore_tables', { after: 'no device at all, no collection', rc: '0' }),
      ],
    },
    32: {
      claim: 'Nor does an ITT with nothing but invalid entries.',
      by: [
        shownBy(
          'tables/walk.test.ts',
          'counts the entries a kernel reads: every one of an empty ITT and of the table up to the last DTE',
        ),
        shownBy('audit/kernels.test.ts', 'fails on 4.13 alone when a device has no event'),
      ],
    },
    33: {
      claim: 'A restore from a full collection table answers 0 and goes on.',
      by: [shownBy('tables/restore.test.ts', '4.13 answers 1 and restores no device when the collection table is full')],
    },
    34: {
      claim: 'GITS_CREADR and GITS_CWRITER can be cleared whatever the size of the queue.',
      by: [
        shownBy(frame, 'CREADR and CWRITER can be cleared whatever GITS_CBASER says: %s'),
        answered('e_registers.6.1.192', 'its_write', {
          after: 'CREADR / CWRITER, ITS disabled, queue of one 4 KiB page',
          holds: '"reg":"GITS_CREADR","value":"0x0"',
          rc: '0',
        }),
      ],
    },
    35: {
      claim: 'User space can tell the ways in which a save of the device table fails.',
      by: [shownBy(proposal, 'save-errors-told-apart a device %s')],
      why: 'Only on `proposal-2017`: this was not merged, and every release answers EINVAL, or from 6.12.112 and 7.2.9 on passes over such a device.',
    },
    36: {
      claim: 'A table whose GITS_BASER is not Valid is not saved.',
      by: [
        shownBy('tables/save.test.ts', 'has nothing to save in a table whose BASER is not Valid'),
        shownBy('tables/walk.test.ts', 'skips a part whose BASER is not Valid'),
        answered('e_registers.6.1.192', 'its_save_tables', { after: 'SAVE / RESTORE with invalid BASERs', rc: '0' }),
      ],
    },
    37: {
      claim: 'No command runs while GITS_CBASER is not Valid.',
      by: [
        shownBy(frame, 'cannot enable the ITS while %s is not Valid; enable-unchecked: 4.13 could', 'the queue'),
        shownBy('its/queue.test.ts', 'queue-waits-for-cbaser'),
        answered('d_reset.6.1.192', 'its_write', {
          after: 'enabling without CBASER is ignored',
          holds: '"readback":"0x80000000"',
          rc: '0',
        }),
      ],
      why: 'As merged: an ITS whose queue is not Valid is not enabled. As posted on `proposal-2017`.',
    },
    38: {
      claim: 'A save tries both tables even if one fails.',
      by: [
        shownBy(proposal, 'a save whose devices fail %s: %s, and the first CTE is %s'),
        { file: 'docs/decisions/fixes-2017.md', says: 'Always attempt to save/restore device and collection tables' },
      ],
      why: 'Only on `proposal-2017`: no release does.',
    },
    39: {
      claim: 'A restore tries both tables even if one fails.',
      by: [
        shownBy(proposal, 'a restore whose collections fail %s restores no device'),
        shownBy(proposal, 'proposal-2017 restores the devices, and answers EINVAL'),
      ],
      why: 'Only on `proposal-2017`: no release does.',
    },
    40: {
      claim: 'When GITS_BASER.Valid is cleared the mappings are forgotten.',
      by: [
        shownBy(frame, 'with the same value keeps all; a change forgets the devices or the collections'),
        answered('d_disable_keeps_mappings.6.1.192', 'signal_msi', { after: 'BASER0.V 1 -> 0 -> 1', rc: '0' }),
      ],
    },
    41: {
      claim: 'That they are kept may be argued, too.',
      by: [shownBy(frame, 'baser-change-keeps: only clearing Valid forgets; baser-invalid-keeps: not even that')],
      why: 'As in 4.13.',
    },
    42: {
      claim: 'KVM_DEV_ARM_ITS_CTRL_RESET is attribute 4 of the CTRL group.',
      by: [
        shownBy('kvm/attributes.test.ts', 'an attribute of %s is there: %s', 'itsAttributes'),
        { file: 'docs/api/its-device.md', says: 'ITS_CTRL_RESET (4)' },
        shownBy(kvmIts, 'no-ctrl-reset: 4.13 has no reset, and takes it for a register whose value it cannot read'),
        answered('d_reset.6.12.117', 'its_ctrl_reset', { after: 'CTRL_RESET while enabled', rc: '0' }),
      ],
    },
    43: {
      claim: 'It clears CTLR, CBASER, CREADR, CWRITER and Valid of the BASERs, forgets what is mapped, and keeps the ABI.',
      by: [
        shownBy(kvmIts, 'resets registers and mappings, and keeps where the tables are'),
        shownBy(reset, 'forgets its mappings: the guest that boots next has none of them'),
        answered('d_reset.6.12.117', 'its_regs', {
          after: 'CTRL_RESET while enabled',
          holds: '"GITS_BASER0":"0x3907000040100600"',
        }),
      ],
    },
    44: {
      claim: 'The real KVM agrees.',
      by: [
        shownBy('conformance/vectors.test.ts', 'the model answers as real KVM did %s'),
        answered('d_reset.6.1.192', 'its_regs', {
          after: 'CTRL_RESET while enabled',
          holds: '"GITS_CBASER":"0x0","GITS_CWRITER":"0x0","GITS_CREADR":"0x0"',
        }),
      ],
    },
    45: {
      claim: 'A VM can be saved after a reset, before its guest sets up the ITS.',
      by: [
        shownBy(reset, '%s: saves and restores nothing, with success, before the guest sets it up'),
        answered('d_reset.6.12.117', 'its_save_tables', { after: 'SAVE right after reset', rc: '0' }),
      ],
    },
    46: {
      claim: 'And restored from that.',
      by: [
        shownBy(reset, '%s: saves and restores nothing, with success, before the guest sets it up'),
        answered('d_reset.6.12.117', 'its_restore_tables', { after: 'RESTORE right after reset', rc: '0' }),
      ],
    },
    47: {
      claim: 'Without a reset the registers are stale, and such a save fails.',
      by: [
        shownBy(reset, 'is missed on 4.13: a save after a reboot fails when the RAM of its tables is used for something else'),
        answered('kernels.4.13.9', 'its_save_tables', { scenario: 'baser_change', rc: 'EINVAL' }),
      ],
    },
    48: {
      claim: 'A reset is EBUSY while a vCPU runs.',
      by: [
        shownBy(kvmIts, 'SAVE, RESTORE, RESET and every register access are EBUSY'),
        answered('e_vcpu_running.6.1.192', 'its_ctrl_reset', { rc: 'EBUSY' }),
      ],
    },
    49: {
      claim: 'After a reset and a boot the former mappings are gone.',
      by: [shownBy(reset, 'forgets its mappings: the guest that boots next has none of them')],
    },
    50: {
      claim: 'CTRL_RESET is documented.',
      by: [
        { file: 'docs/api/its-device.md', says: 'ITS_CTRL_RESET (4)' },
        { file: 'docs/api/save-and-restore.md', says: '## Reset' },
        shownBy('kvm/attributes.test.ts', 'answers each errno that its row names: %s, %s', 'ofIts'),
      ],
    },
    51: {
      claim: 'Each of the fixes is in the kernels that have it.',
      by: [
        shownBy('abi/profile-of-kernel.test.ts', '%s has the quirks of each release that was run with it'),
        shownBy('abi/profile-of-kernel.test.ts', 'says what is unknown of %s: %j', '4.14.300'),
      ],
      why: 'Between 4.14 and 4.15 it is not settled which release has which, and vits says so.',
    },
    52: {
      claim: 'What was posted and not merged can be had.',
      by: [
        shownBy('abi/profile-of-kernel.test.ts', 'that are proposals have what no release has'),
        { file: 'docs/decisions/fixes-2017.md', says: 'patch by patch' },
      ],
      why: '`--kernel proposal-2017`.',
    },
    53: {
      claim: 'Sequences of reset, reboot, suspend, resume, save and restore go well.',
      by: [
        shownBy(
          reset,
          'in any order of boots, resets, suspends and restores every mapping of the guest answers, and none besides',
        ),
      ],
      why: 'On the ioctls of the model. No command plays them.',
    },
  },
}
