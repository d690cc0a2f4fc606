import { answered, type SeedDocument, shownBy } from './seed-row.ts'

const seedTest = 'conformance/seed/seed-test.test.ts'
const selftest = 'cli/src/commands/selftest.test.ts'
const heads = 'seal/heads.test.ts'
const ended = /near the last device.*?(FAIL|PASS)(?: {2}(restore: .*))?$/m

export const orphansAndHeads: SeedDocument = {
  title: 'A dummy head for the ITS tables, and the selftest',
  from: 'J. Zhang, four patches on v6.12-rc6 with vgic_its_tables, November 2024',
  rows: {
    1: {
      claim: 'A suspend that fails, and a driver that goes away after it, leave an orphan DTE and ITE.',
      by: [
        { command: 'demo orphan', code: 0, prints: /Its entry in RAM is now .*: an orphan/ },
        shownBy('its/commands/commands.test.ts', 'keeps-unmapped: old kernels leave the ITE in guest RAM'),
        shownBy('its/commands/mapping.test.ts', 'keeps-unmapped: old kernels leave the DTE in guest RAM'),
        answered('handwritten', 'mem_dump', {
          scenario: 'c1_unmap_then_save',
          kernel: '5.10.0-30',
          holds: 'itts after DISCARD of all of device 1","gpa":"0x40400000","len":"0x3000","nonzero":{"0x0":"00000020',
        }),
      ],
    },
    2: {
      claim: 'An orphan whose collection is gone makes the restore fail with EINVAL.',
      by: [
        { command: 'demo orphan', code: 0, prints: /RESTORE_TABLES EINVAL at the ITE of .*$/m },
        shownBy(seedTest, '%s: EINVAL without options'),
        answered('c4_planted.6.1.192', 'its_restore_tables', {
          after: 'stale ITE at event 0, unmapped collection 9',
          rc: 'EINVAL',
        }),
      ],
    },
    3: {
      claim: 'An orphan whose collection is valid lets it succeed: a dead mapping is back, a live one is lost.',
      by: [
        { command: 'demo orphan', code: 0, prints: /device 4 is back from the dead, device 7 has lost its interrupt/ },
        shownBy(seedTest, 'corruption with -s'),
        answered('c4_planted.6.1.192', 'its_restore_tables', { after: 'stale ITE at event 0, valid collection 0', rc: '0' }),
      ],
    },
    4: {
      claim: 'A kernel that clears entries on MAPD and DISCARD does neither.',
      by: [
        shownBy(seedTest, '%s clears what a guest unmaps', 'linux-6.12.90'),
        answered('c1_unmap_then_save.6.12.117', 'mem_dump', {
          holds: 'MAPD dev=2 V=0, before SAVE","gpa":"0x40100000","len":"0x10000","nonzero":{"0x8":"0200080800000280","0x28"',
        }),
      ],
      why: 'In its second flow; the first flow unmaps all that it would restore.',
    },
    5: {
      claim: 'The selftest without options shows the EINVAL.',
      by: [
        { command: 'selftest -n 1', code: 1, prints: ended },
        shownBy(selftest, 'as posted, without options: EINVAL from the third case on'),
      ],
    },
    6: {
      claim: 'With -s all mappings have one collection, and it shows lost and wrong mappings.',
      by: [
        { command: 'selftest -n 1 -s', code: 1, prints: /8192 +8192 {2}FAIL/ },
        shownBy(selftest, 'as posted, with -s: success, with mappings lost and wrong'),
      ],
    },
    7: {
      claim: 'With -c the tables are cleared first, and it passes on a host without the fix.',
      by: [{ command: 'selftest -n 1 -c', code: 0, prints: /^PASS$/m }, shownBy(seedTest, 'a pass with -c')],
    },
    8: {
      claim: '-n takes 1 to 7 second-level tables, and is 4 without.',
      by: [
        { command: 'selftest -n 8', code: 16, prints: /It is a whole number from 1 to 7/ },
        { command: 'selftest -h', code: 0, prints: /8192 devices each \(default: 4\)/ },
        shownBy(selftest, 'refuses a kernel it does not know and more tables than the selftest has'),
      ],
    },
    9: { claim: '-h prints the usage.', by: [{ command: 'selftest -h', code: 0, prints: /Usage: vits selftest.*/ }] },
    10: {
      claim: 'As first posted, the guest unmaps everything between the save and the restore.',
      by: [
        shownBy(seedTest, '%s: EINVAL without options, corruption with -s, a pass with -c', 'v1'),
        shownBy(seedTest, '%s clears what a guest unmaps: v4 passes, and v1 has unmapped all that it restores'),
      ],
      why: '`--flow v1`, which is the default; `--flow v4` has the CTRL_RESET of the later posting.',
    },
    11: { claim: 'Its first case maps nothing.', by: [shownBy(seedTest, 'is no collection and no device in the first case')] },
    12: {
      claim: 'Its devices have 16 EventID bits.',
      by: [shownBy(seedTest, 'gives each device 16 EventID bits, as the size field of its MAPD says')],
    },
    13: {
      claim: 'After a restore that failed it counts what is lost all the same.',
      by: [shownBy(selftest, 'with what was read and lost before and after the entry that a restore fails at')],
    },
    14: {
      claim: 'It uses the ioctls of the device.',
      by: [
        { command: 'selftest -n 1 --kernel linux-4.13 --flow v4', code: 1, prints: /FAIL {2}(reset: EFAULT)/ },
        shownBy(seedTest, 'linux-4.13 has no CTRL_RESET, and v4 ends at its EFAULT as the posted program does'),
        answered('kernels.4.13.9', 'its_ctrl_reset', { scenario: 'difference_1', rc: 'EFAULT' }),
      ],
      why: '4.13 takes the unknown attribute for a register whose value it cannot read: EFAULT, not ENXIO.',
    },
    15: { claim: 'It prints the times of each save and restore.', by: [shownBy(selftest, 'prints a line for each case')] },
    16: {
      claim: 'It has five cases, in an order, with devices and events of their own.',
      by: [shownBy(seedTest, 'are the five cases of the posted program, in its order')],
    },
    17: {
      claim: 'A head of a device table is 0xdafe and the first DeviceID, in 33 bits.',
      by: [
        shownBy(heads, 'of kind $kind stands at index 0 and names the first live entry'),
        shownBy('abi/layout.test.ts', '%s encodes what it decoded'),
        answered('kernels.6.12.0-dummyhead', 'mem_dump', {
          after: 'first device 5, first event 2: the heads',
          holds: 'feda050000000000',
        }),
      ],
    },
    18: {
      claim: 'A head of an ITT is 0xdafe and the first EventID in the place of `next`.',
      by: [
        shownBy(heads, 'of kind $kind stands at index 0 and names the first live entry'),
        answered('kernels.6.12.0-dummyhead', 'mem_dump', {
          after: 'first device 5, first event 2: the heads',
          holds: 'feda000000000200',
        }),
      ],
    },
    19: {
      claim: 'The head of an empty table names nothing.',
      by: [
        shownBy(heads, 'of the proposal says so when there is nothing live; ours leaves such a table clean'),
        answered('kernels.6.12.0-dummyhead', 'mem_dump', { after: 'no device at all: an empty head', holds: 'feda000000000000' }),
      ],
    },
    20: { claim: 'Where entry 0 is live there is no head.', by: [shownBy(heads, 'is not written where entry 0 is live')] },
    21: {
      claim: 'A head is always the first entry of its table.',
      by: [
        shownBy(heads, 'of kind $kind stands at index 0 and names the first live entry'),
        shownBy(heads, 'of ours stands in every second-level page that needs one, and jumps over its orphans'),
      ],
    },
    22: {
      claim: 'A head is a fourth kind of entry within the ABI, revision 0: kernels that know none restore the same.',
      by: [
        shownBy('conformance/recorded-heads.test.ts', '%s: restores the guest of %s as without them, delivers the same MSIs'),
        shownBy('conformance/recorded-heads.test.ts', 'was asked on 23 kernels'),
        shownBy(heads, 'two devices in one ITT lose events by heads of kind %s that a plain save keeps'),
        answered('heads', 'its_restore_tables', { kernel: '7.3.4', rc: '0' }),
      ],
      why: 'For a guest that keeps its tables apart. Where two devices share an ITT, heads can lose events, whatever the kernel. 4.13 was read and not asked; 4.14 to 5.9 neither.',
    },
    23: {
      claim: 'A restore goes to the first live entry at once.',
      by: [shownBy(heads, 'spares the restore the entries before the first live one')],
    },
    24: {
      claim: '8192 devices with an event at the end of their ITTs: 6 s become 6 ms, a thousandth.',
      by: [
        { command: 'selftest heads', code: 0, prints: /^proposed +24579 +2730x/m },
        shownBy(
          'cli/src/commands/selftest-heads.long.test.ts',
          'prints what a restore reads with each kind of head, beside what was posted',
        ),
      ],
      result: 'differs',
      why: 'What can be compared is entries read: 67,100,675 become 24,579, a 2730th. The posted times are 89 ns an entry without heads and 244 ns with them; ours are those of another machine, and are printed beside.',
    },
    25: {
      claim: 'The proposal is there as it was posted.',
      by: [
        shownBy(heads, 'the defects of the proposed head, which ours has not 1:'),
        shownBy(heads, '6: a gap above the cap still lands among orphans'),
        shownBy(selftest, 'ends each case as the program did on a real %s', '6.12 with the patches'),
        answered('kernels.6.12.0-dummyhead', 'its_save_tables', {
          after: 'defect 1: SAVE_TABLES with DeviceID 0 not storable',
          rc: 'EINVAL',
        }),
      ],
      why: 'With six defects, none of which our own heads have.',
    },
    26: {
      claim: 'Heads can be seen in a saved VM, and written into one.',
      by: [
        shownBy('cli/src/commands/show.test.ts', 'dummy heads are shown where they lie, with what they name, and which is stale'),
        shownBy('cli/src/commands/show.test.ts', 'are counted in a check, with who reads them, and a stale one is a leftover'),
        shownBy('audit/heads.test.ts', 'a stale head planted in the device table of a real saved VM is found on every kernel'),
        shownBy('repair/heads.test.ts', 'restore the same on every released kernel with heads as %s'),
        shownBy(
          'cli/src/commands/repair.test.ts',
          'ours writes heads into %s, none takes them away, and each is undone to the byte',
        ),
        { command: 'explain D216', code: 0, prints: /^D216 .*/m },
      ],
    },
    27: {
      claim: 'The patches of the save, of what a scan returns, and of the restore.',
      by: [
        shownBy(heads, '2: the jump over an invalid first-level entry is taken from a DeviceID'),
        shownBy(heads, '5: a head of 32 bits and more becomes a negative answer'),
        shownBy(heads, 'a kernel with the proposal writes and follows its heads without being told'),
        answered('kernels.6.12.0-dummyhead', 'signal_msi', {
          after: 'defect 2: devices 0 and 40000',
          holds: '"devid":"0x9c40"',
          rc: '0',
        }),
      ],
    },
    28: {
      claim: 'The other solution: clear entries on MAPD and DISCARD.',
      by: [
        shownBy('its/commands/mapping.test.ts', 'with V=0 forgets device %i and clears its DTE, mapped before or not'),
        shownBy('its/commands/commands.test.ts', 'unmaps one event and clears its ITE'),
        shownBy(selftest, 'ends each case as the program did on a real %s', '6.12.117'),
        answered('c1_unmap_then_save.6.1.192', 'mem_dump', {
          holds: 'itts after DISCARD of all of device 1","gpa":"0x40400000","len":"0x3000","nonzero":{"0x1000"',
        }),
      ],
    },
    29: {
      claim: 'It is based on v6.12-rc6.',
      by: [shownBy(seedTest, 'has v6.12-rc6 for that, which differs in nothing from its profile')],
    },
    30: {
      claim: 'The selftest is a program that asks a real kernel.',
      by: [
        shownBy(selftest, 'ends each case as the program did on a real %s'),
        shownBy(selftest, 'with -s loses and misdirects mappings as the program saw on a real 6.12'),
      ],
      result: 'outside',
      why: 'Ours asks the model. The posted program was run on real kernels by hand, and how its cases ended is held by a test; vits ships no program in C.',
    },
  },
}
