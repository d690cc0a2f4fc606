import { answered, type SeedDocument, shownBy } from './seed-row.ts'

const attributes = 'kvm/attributes.test.ts'
const refusals = 'its/commands/refusals.test.ts'
const frame = 'its/its-frame.test.ts'
const save = 'tables/save.test.ts'
const walk = 'tables/walk.test.ts'
const restore = 'tables/restore.test.ts'
const pending = 'tables/pending.test.ts'
const order = 'kvm/restore-order.test.ts'
const written = shownBy(save, 'writes ITEs, DTEs and CTEs linked by next, and ends the collections with one zero entry')

export const saveAndRestore: SeedDocument = {
  title: 'vITS save and restore',
  from: 'E. Auger, nineteen patches, v3, 6 March 2017',
  rows: {
    54: {
      claim: 'The registers are group 8; SAVE_TABLES is 1, RESTORE_TABLES 2, SAVE_PENDING_TABLES 3.',
      by: [
        shownBy(attributes, 'an attribute of %s is there: %s'),
        { file: 'docs/api/its-device.md', says: 'KVM_DEV_ARM_ITS_RESTORE_TABLES (2)' },
        { file: 'docs/api/gic-device.md', says: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES (3)' },
      ],
    },
    55: {
      claim: 'GITS_TYPER reports the size of an ITE.',
      by: [
        shownBy(frame, 'registers that a guest cannot change identify the ITS'),
        answered('d_reset.6.1.192', 'its_regs', { holds: '"GITS_TYPER":"0x1ef71"' }),
      ],
    },
    56: {
      claim: 'The size of a MAPD is read, and checked.',
      by: [
        shownBy(refusals, 'a command that is refused changes nothing $command: $because', '17 EventID bits are too many'),
        shownBy('conformance/seed/seed-test.test.ts', 'gives each device 16 EventID bits'),
        answered('f_mapd_bad_size.6.1.192', 'signal_msi', {
          after: 'with 17 EventID bits: rejected before the old mapping is dropped',
          rc: '1',
        }),
      ],
    },
    57: {
      claim: 'A DeviceID has to be within DEVBITS and within the table.',
      by: [
        shownBy(refusals, '$command: $because', 'the DeviceID is past the table'),
        shownBy(refusals, '$command: $because', 'the DeviceID has more than 16 bits'),
      ],
    },
    58: {
      claim: 'The ITT address of a MAPD is where the ITT is saved.',
      by: [written, answered('a_flat.6.1.192', 'mem_dump', { holds: '"0x40":"0002080800001080' })],
    },
    59: {
      claim: 'User space writes GITS_CREADR, within the queue and while the ITS is disabled; a guest does not.',
      by: [
        shownBy(frame, 'CREADR: not while enabled, not past the queue, and without its low bits'),
        shownBy(frame, 'registers that a guest cannot change %s'),
        answered('e_registers.6.12.117', 'its_write', { holds: '"reg":"GITS_CREADR","value":"0x1000"', rc: 'EINVAL' }),
        answered('e_registers.6.12.117', 'its_write', { holds: '"reg":"GITS_CREADR"', rc: 'EBUSY' }),
      ],
    },
    60: {
      claim: 'Every entry has eight bytes.',
      by: [written, { file: 'docs/api/rev0-tables.md', says: 'Every entry has eight bytes' }],
    },
    61: {
      claim: 'The device table is indexed by DeviceID, an ITT by EventID.',
      by: [written, answered('a_flat.6.12.117', 'mem_dump', { holds: '"0xfff8":"0606080800000080"' })],
    },
    62: {
      claim: 'Devices and events are saved in order, however they came.',
      by: [
        shownBy('its/devices.test.ts', 'are found by DeviceID and visited in ascending order, whatever came and went'),
        shownBy('its/events.test.ts', 'answer as a map would, and are chained per device in EventID order'),
      ],
    },
    63: {
      claim: 'The check of a DeviceID finds the address of its entry.',
      by: [
        shownBy(
          'its/commands/mapping.test.ts',
          'looks for the DTE in the second level, and refuses where the first-level entry is not valid',
        ),
        shownBy(save, 'passes over a device without a place, and so does next'),
      ],
    },
    64: {
      claim: 'The collection table is a list with a zero entry at its end.',
      by: [
        written,
        shownBy(save, 'writes no terminator behind a table that is full'),
        answered('a_flat.6.1.192', 'mem_dump', { holds: '03000200000000800000000000000080' }),
      ],
    },
    65: {
      claim: 'ITTs are saved and restored.',
      by: [
        shownBy(restore, 'brings back exactly what a save wrote, whatever is mapped'),
        answered('a_flat.6.1.192', 'its_restore_tables', { rc: '0' }),
      ],
    },
    66: {
      claim: 'The pending tables are saved.',
      by: [
        shownBy(pending, 'writes each LPI’s bit to the table of its target and clears the bits of those no longer pending'),
        answered('g_delivery.6.12.117', 'mem_dump', { holds: '"0x400":"b200000000000000"' }),
      ],
    },
    67: {
      claim: 'The first KiB of a pending table is left alone.',
      by: [
        shownBy(pending, 'leaves the first KiB alone: there is no LPI below 8192'),
        answered('g_delivery.6.12.117', 'mem_dump', { holds: '"nonzero":{"0x400":"b2' }),
      ],
    },
    68: {
      claim: 'A restore takes the pending bits.',
      by: [
        shownBy(restore, 'consumes pending bits: the LPI is pending, and its bit in RAM is gone'),
        answered('a_flat.6.1.192', 'mem_dump', {
          after: 'fresh VM over the same RAM',
          holds: 'pending_table[1]","gpa":"0x42010000","len":"0x2000","nonzero":{}',
        }),
      ],
    },
    69: {
      claim: 'The queue and the configuration table are not written.',
      by: [shownBy(save, 'marks exactly the pages it writes as dirty')],
    },
    70: {
      claim: 'Guest RAM must not change after the save, and user space has to learn what the save wrote.',
      by: [
        shownBy(save, 'marks exactly the pages it writes as dirty'),
        shownBy('trace/lint.test.ts', 'breaks the rules that it was made to break: %s'),
        { file: 'docs/api/save-and-restore.md', says: 'tables-after-dirty-log' },
      ],
    },
    71: {
      claim: 'A save has an order.',
      by: [
        { file: 'docs/api/save-and-restore.md', says: '## Save' },
        shownBy('trace/lint.test.ts', 'is there for every rule of a save'),
        { command: 'lint fixtures/traces/save-after-dirty-log.jsonl', code: 4, prints: /^tables-after-dirty-log.*/m },
      ],
    },
    72: {
      claim: 'A restore has an order.',
      by: [
        shownBy(order, 'in the documented order brings everything back: mappings, pending LPIs, and the command that was queued'),
        shownBy(order, '%s after %s: %s, and the linter says so'),
        shownBy('lab/suite/traces.test.ts', 'tells what a real QEMU does when it saves and restores'),
      ],
    },
    73: {
      claim: 'The order of a restore is documented for those who write a VMM.',
      by: [
        { file: 'docs/api/save-and-restore.md', says: '## Restore' },
        { command: 'lint fixtures/traces/restore-ctlr-first.jsonl', code: 4, prints: /^restore-tables-before-its-ctlr.*/m },
      ],
    },
    74: {
      claim: 'Groups, attributes, errnos and the ABI of the tables are documented.',
      by: [
        { file: 'docs/api/its-device.md', says: '## What RESTORE_TABLES objects to' },
        { file: 'docs/api/gic-device.md', says: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES' },
        { file: 'docs/api/rev0-tables.md', says: '## Device table entry: DTE' },
        shownBy(attributes, 'answers each errno that its row names: %s, %s', 'ofIts'),
      ],
    },
    75: {
      claim: 'Words in guest RAM are little-endian, whatever the host.',
      by: [
        shownBy('memory/byte-order.test.ts', 'that is big-endian cannot load %s'),
        shownBy('memory/guest-memory.test.ts', 'reads back bytes, words and runs across pages, little-endian'),
      ],
      result: 'differs',
      why: 'A big-endian host is refused when the library is loaded, instead of converting each word.',
    },
    76: {
      claim: 'Device tables have one level or two.',
      by: [
        shownBy(restore, 'brings back exactly what a save wrote, whatever is mapped'),
        answered('a_flat.6.12.117', 'its_restore_tables', { rc: '0' }),
        answered('b_indirect.6.12.117', 'its_restore_tables', { rc: '0' }),
      ],
    },
    77: {
      claim: 'A restore into an ITS that has mappings is refused.',
      by: [
        shownBy(restore, 'onto a live ITS is EEXIST: its collections go, its devices stay without collections'),
        shownBy(walk, 'refuses when %s', 'the same ICID comes twice'),
        answered('c5_restore_twice.6.1.192', 'its_restore_tables', { rc: 'EEXIST' }),
      ],
    },
    78: {
      claim: 'What is wrong with an entry has an errno.',
      by: [
        ...[
          'a device has 17 EventID bits',
          'a pINTID below 8192 is no LPI',
          'next points past the ITT',
          'the ICID has no collection',
        ].map((row) => shownBy(walk, 'walking the tables as a restore does refuses when %s', row)),
        { file: 'docs/api/its-device.md', says: '## What RESTORE_TABLES objects to' },
        answered('c4_planted.6.12.117', 'its_restore_tables', { after: 'size field 16 (17 bits)', rc: 'EINVAL' }),
        answered('c4_planted.6.12.117', 'its_restore_tables', { after: 'ITE with LPI 8191', rc: 'EINVAL' }),
        answered('c4_planted.6.12.117', 'its_restore_tables', { after: 'past an 8-entry ITT', rc: 'EINVAL' }),
        answered('c4_planted.6.12.117', 'its_restore_tables', { after: 'stale DTE at device 0, ITT outside RAM', rc: 'EFAULT' }),
      ],
    },
    79: {
      claim: 'A collection whose RDbase names no vCPU is refused.',
      by: [
        shownBy(walk, 'refuses when %s', 'RDbase names no vCPU'),
        shownBy(walk, 'before 5.6 an unmapped collection is refused'),
        answered('c4_planted.6.1.192', 'its_restore_tables', { after: 'CTE: target vCPU 2 of 2', rc: 'EINVAL' }),
        answered('c4_planted.6.1.192', 'its_restore_tables', { after: 'CTE: RDbase 0xffffffff = not mapped', rc: '0' }),
      ],
      why: 'A collection that is not mapped is restored, by 5.6 and later.',
    },
    80: {
      claim: 'GITS_IIDR names the revision of the ABI.',
      by: [
        shownBy(frame, 'IIDR: table ABI revision 0 and no other'),
        answered('e_registers.6.1.192', 'its_write', { holds: '"reg":"GITS_IIDR","value":"0x4b00143b"', rc: 'EINVAL' }),
      ],
    },
    81: {
      claim: 'Nothing is saved, restored, reset, read or written while a vCPU runs.',
      by: [
        shownBy('kvm/kvm-its.test.ts', 'SAVE, RESTORE, RESET and every register access are EBUSY'),
        answered('e_vcpu_running.6.12.117', 'its_save_tables', { rc: 'EBUSY' }),
        answered('e_vcpu_running.6.12.117', 'redist_read', { rc: 'EBUSY' }),
      ],
    },
    82: {
      claim: 'The entries of v3.',
      by: [
        { file: 'docs/api/rev0-tables.md', says: 'GITS_IIDR.Revision names the revision; there is no other' },
        shownBy(frame, 'IIDR: table ABI revision 0 and no other'),
      ],
      result: 'differs',
      why: 'v3 had no V in a DTE. No kernel was released with that; the entries are those of revision 0.',
    },
    83: {
      claim: 'The real KVM answers alike.',
      by: [
        shownBy('conformance/vectors.test.ts', 'the model answers as real KVM did %s'),
        answered('handwritten', 'its_restore_tables', { scenario: 'a_flat', kernel: '7.3.4', rc: '0' }),
        { file: 'docs/asked.md', says: 'Random histories on a real kernel and on the model of its profile, side by side' },
      ],
    },
    84: {
      claim: 'virsh save and restore, and migration.',
      by: [
        shownBy('tables/saved-fixtures.test.ts', 'the real VM %s holds the entries that an independent reader found'),
        shownBy(
          'formats/saved-fixtures.test.ts',
          'the stream %s has registers that lead to a device table, a collection table and a queue in RAM',
        ),
        shownBy('audit/saved-fixtures.test.ts', 'what a restore of a real saved VM does names the entry at which KVM gives up'),
        shownBy('lab/suite/prove.test.ts', 'saved VMs what vits check predicts'),
      ],
      why: 'Files of real VMs are read, judged and put back; vits itself moves no VM.',
    },
  },
}
