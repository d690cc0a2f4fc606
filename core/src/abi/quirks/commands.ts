import type { QuirkRow } from './row.ts'

/** What kernels make of ITS commands and of MSIs. */
export const commandQuirks = {
  'lpi-mapped-by-many': {
    part: 'commands',
    does: 'an LPI may be mapped by several events; without, MAPTI and MAPI of an LPI that an event has are refused, RESTORE_TABLES drops such an event with success, and an LPI that only waits in a queue takes the target of the event that maps it',
    means:
      'on a kernel without it an orphan that shares the LPI of a live event and has the lower DeviceID silently takes the place of the live one',
    until: { '7.3': 4 },
    commit: '"vgic-its: Don\'t map an LPI from more than one event"',
  },
  'mapti-itt-unchecked': {
    part: 'commands',
    does: 'MAPTI and MAPI do not ask whether the ITE could be saved in guest RAM',
    until: { '5.19': 0 },
    commit: 'cafe7e544d49',
  },
  'failed-mapti-leaks-lpi': {
    part: 'commands',
    does: 'an LPI whose configuration byte or pending bit cannot be read stays in the list of LPIs: the MAPTI fails, and the next one of that LPI reads nothing and succeeds',
    until: { '5.7': 0 },
    commit: '"vgic-its: Fix memory leak on the error path of vgic_add_lpi()"',
    note: '4.13.9 has it and 5.10.218 has not; none between was run',
  },
  'discard-asks-collection-only': {
    part: 'commands',
    does: 'DISCARD frees an event whose collection is known and not mapped',
    until: { '5.6': 0 },
    commit: '"vgic-its: Properly check the unmapped coll in DISCARD handler"',
    note: '4.13.9 has it and 5.10.218 has not; none between was run',
  },
  'target-is-index': {
    part: 'commands',
    does: 'RDbase is the index of a vCPU, not its vcpu_id',
    means:
      'a VM whose vCPU ids have gaps, or came in another order, gets its interrupts on other vCPUs than a newer kernel gives it',
    until: { '6.7': 0 },
    commit: 'd455d366c451',
  },
  'mapc-unmap-checks-target': {
    part: 'commands',
    does: 'MAPC with V=0 and an RDbase that names no vCPU is refused',
    until: { '6.7': 0 },
  },
  'movall-ignores-source': {
    part: 'commands',
    does: 'MOVALL retargets every LPI, whatever its target was',
    since: { '6.10': 0 },
    until: { '6.12': 113, '7.2': 10, '7.3': 0 },
    commit: '"vgic-its: Fix MOVALL handling of source redistributor"',
  },
  'keeps-unmapped': {
    part: 'commands',
    does: 'MAPD V=0 and DISCARD leave their entries in guest RAM',
    means:
      'saves of a VM that unbound a driver or unplugged a device hold orphans: they come back, hide live events, or fail the restore',
    until: { '6.1': 120, '6.12': 2, '6.13': 0 },
    commit: 'e9649129d33d, 7602ffd1d5e8',
    unread: ['5.4', '5.10', '5.15', '6.6', '6.11'],
  },
  'no-translation-cache': {
    part: 'msi',
    does: 'every MSI is translated anew',
    until: { '5.4': 0 },
  },
  'cache-keyed-by-address': {
    part: 'msi',
    does: 'a cached translation is found by the address of TRANSLATER and not by any address of the frame, and all ITSes share one cache (its size, 16 entries for each host CPU, is not modelled)',
    since: { '5.4': 0 },
    until: { '6.10': 0 },
    commit: 'e64f2918c6e7',
  },
} as const satisfies Record<string, QuirkRow>
