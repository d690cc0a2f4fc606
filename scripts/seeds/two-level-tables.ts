import { answered, type SeedDocument, shownBy } from './seed-row.ts'

const save = 'tables/save.test.ts'
const walk = 'tables/walk.test.ts'
const written = shownBy(save, 'writes ITEs, DTEs and CTEs linked by next, and ends the collections with one zero entry')

export const twoLevelTables: SeedDocument = {
  title: 'Review of "Device table save/restore"',
  from: 'C. Dall and E. Auger on patch 20 of v5, 3 May 2017',
  rows: {
    85: {
      claim: 'A DTE has V in bit 63, `next` in 62:49, ITT address [51:8] from bit 5 on, and the size in 4:0.',
      by: [
        written,
        shownBy('abi/layout.test.ts', 'a layout %s reads every word as BigInt arithmetic does'),
        answered('a_flat.6.1.192', 'mem_dump', { holds: '"0x80":"0400080800000280' }),
      ],
    },
    86: {
      claim: '`next` is at most 2^14 - 1, and 0 in the last entry.',
      by: [
        shownBy(save, 'cuts next at 2^14 - 1 in a DTE and at 2^16 - 1 in an ITE'),
        answered('b_indirect.6.12.117', 'mem_dump', { holds: '010608080000feff' }),
      ],
    },
    87: {
      claim: '`next` counts DeviceIDs, from one second-level page into another.',
      by: [
        shownBy(save, 'counts next in DeviceIDs, from one second-level page into another'),
        answered('b_indirect.6.1.192', 'mem_dump', { holds: '"0xfff8":"0104080800000280010608080000feff"' }),
      ],
    },
    88: {
      claim: 'A second-level page holds as many DeviceIDs as it has DTEs.',
      by: [
        shownBy(walk, 'crosses second-level pages: a jump past one goes on with entry 0 of the next valid one'),
        answered('b_indirect.6.12.117', 'mem_dump', { holds: '"0x3fff8":"0100080800000080"' }),
      ],
    },
    89: {
      claim: 'DeviceIDs that lie in many pages come back, which was not tested then.',
      by: [
        shownBy('tables/saved-fixtures.test.ts', 'what a restore brings back of real VMs', 'scattered-clean'),
        shownBy(walk, 'before 6.0.6 a jump beyond a second-level page reads on behind it; one to its end does not'),
        answered('b_indirect.6.1.192', 'result', { holds: '"l2_bytes_equal":true' }),
      ],
      why: 'Not on kernels before 6.0.6, which is modelled, nor with the proposed head behind a first-level entry that is not valid.',
    },
    90: {
      claim: 'The first level is scanned to its end.',
      by: [
        shownBy(walk, 'crosses second-level pages'),
        shownBy('conformance/seed/seed-test.test.ts', 'is no collection and no device in the first case'),
        { file: 'docs/api/rev0-tables.md', says: 'reads the first level entry by entry, to its end' },
      ],
    },
    91: {
      claim: 'The scan stops at the last entry, through both levels.',
      by: [shownBy(walk, 'ends at next = 0 inside a second-level page, whatever the pages after it hold')],
    },
    92: {
      claim: 'What a scan returns should have names.',
      by: [
        shownBy(walk, 'ends at next = 0 inside a second-level page, whatever the pages after it hold'),
        { file: 'core/src/tables/table-walk.ts', says: 'const ENDED =' },
        { file: 'core/src/tables/table-walk.ts', says: 'const LAST =' },
        { file: 'core/src/tables/table-walk.ts', says: 'const PAST =' },
      ],
    },
    93: {
      claim: 'An ITT is saved before its DTE, and a device that fails has no DTE written.',
      by: [
        shownBy(save, 'leaves half a save behind when an ITT is gone: what came before is written, the rest is not'),
        answered('e_ram_goes_away.6.12.117', 'its_save_tables', { rc: 'EFAULT' }),
        answered('e_ram_goes_away.6.12.117', 'mem_dump', {
          holds: 'device_table","gpa":"0x40100000","len":"0x10000","nonzero":{"0x8":"0200080800000280"}',
        }),
      ],
    },
    94: {
      claim: 'The ABI says that `next` goes across tables.',
      by: [
        shownBy(save, 'counts next in DeviceIDs, from one second-level page into another'),
        { file: 'docs/api/rev0-tables.md', says: '`next` counts DeviceIDs, across the pages of an indirect table' },
        { file: 'docs/problems/D213.md', says: 'across page boundaries' },
      ],
    },
    95: {
      claim: 'A device without a place in the table fails the save with EINVAL.',
      by: [
        shownBy(save, 'before 7.3 a device without a place fails the save with EINVAL; next names it'),
        shownBy(save, 'passes over a device without a place, and so does next'),
        { file: 'docs/kernels.md', says: 'save-refuses-unreachable-device' },
        answered('b_indirect.6.1.192', 'its_save_tables', {
          after: 'L1[1] becomes invalid behind the back of the ITS',
          rc: 'EINVAL',
        }),
      ],
      why: 'In kernels before 6.12.112, 7.2.9 and 7.3; these pass over it.',
    },
    96: {
      claim: 'An entry without V is one step, and a device whose ITT cannot be restored is freed.',
      by: [
        shownBy(walk, 'counts the entries a kernel reads: every one of an empty ITT and of the table up to the last DTE'),
        shownBy('tables/restore.test.ts', 'before 5.19 keeps what it had restored, but for the device that failed'),
        answered('c4_planted.6.1.192', 'its_restore_tables', {
          after: 'ITE with LPI 0 and next/ICID set: counts as invalid',
          rc: '0',
        }),
      ],
    },
  },
}
