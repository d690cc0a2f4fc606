/**
 * How kernels differ, declared once: each quirk is a behaviour that some kernel has and `linux-7.3` has not, unless it says
 * otherwise. Code asks `quirks['name']`; docs/kernels.md is printed from this table.
 */
export interface QuirkRow {
  /** What a kernel with this quirk does. */
  readonly does: string
  /** Which part of the model asks for it. */
  readonly part: 'commands' | 'registers' | 'msi' | 'save' | 'restore' | 'reset'
  /** Kernels that have it, in words: stable backports included where known. */
  readonly kernels: string
  /** The upstream commit that ends it (or, for a regression, both ends), or its title in quotes; absent where neither is known. */
  readonly commit?: string
}

export const quirks = {
  'no-ctrl-reset': {
    part: 'reset',
    does: 'KVM_DEV_ARM_ITS_CTRL_RESET does not exist: ENXIO',
    kernels: 'before 4.15',
    commit: '"vgic-its: Implement KVM_DEV_ARM_ITS_CTRL_RESET"',
  },
  'enable-unchecked': {
    part: 'registers',
    does: 'GITS_CTLR.Enabled is accepted although a BASER or CBASER is not Valid',
    kernels: 'before 4.15',
    commit: '"vgic-its: Check CBASER/BASER validity before enabling the ITS"',
  },
  'baser-invalid-keeps': {
    part: 'registers',
    does: 'clearing GITS_BASER<n>.Valid keeps the cached devices and collections',
    kernels: 'before 4.15',
    commit: '"vgic-its: Free caches when GITS_BASER Valid bit is cleared"',
  },
  'save-invalid-baser': {
    part: 'save',
    does: 'tables are saved though their BASER is not Valid: EINVAL when a device is cached, and the terminator of the collections goes to the address left in GITS_BASER1 unless that is 0 (a failing save at early boot after a reset)',
    kernels: 'before 4.15',
    commit: '"vgic-its: Check GITS_BASER Valid bit before saving tables"',
  },
  'restore-needs-last-entry': {
    part: 'restore',
    does: 'an ITT in which the scan meets no last entry (next = 0), as one with no valid ITE, drops its device and goes on at the next DTE; a device table without a last entry is EINVAL',
    kernels: 'before 4.15',
    commit: '"vgic-its: Fix return value for device table restore"',
  },
  'full-collection-table-ends-restore': {
    part: 'restore',
    does: 'a collection table full to its last CTE makes RESTORE_TABLES answer 1 and restore no device',
    kernels: 'before 4.14',
    commit: '"vgic-its: Fix vgic_its_restore_collection_table returned value"',
  },
  'cte-out-of-range-skipped': {
    part: 'restore',
    does: 'a CTE whose ICID is past the table is passed over with success',
    kernels: 'before 5.19',
    commit: 'a1ccfd6f6e06',
  },
  'device-out-of-range-restored': {
    part: 'restore',
    does: 'a DTE whose DeviceID cannot be stored (above 16 bits in a larger table) is restored',
    kernels: 'before 5.19',
    commit: '243b1f6c8f07',
  },
  'mapti-itt-unchecked': {
    part: 'commands',
    does: 'MAPTI and MAPI do not ask whether the ITE could be saved in guest RAM',
    kernels: 'before 5.19',
    commit: 'cafe7e544d49',
  },
  'restore-refuses-unmapped-collection': {
    part: 'restore',
    does: 'a CTE with RDbase 0xffffffff is EINVAL',
    kernels: 'before 5.6',
    commit: '8c58be34494b',
  },
  'scan-overrun': {
    part: 'restore',
    does: 'a jump past the end of a table block goes on reading there, at a wrong address, instead of ending the block: mostly EFAULT',
    kernels: 'before 6.0.6',
    commit: 'c000a2607145',
  },
  'failed-restore-keeps-state': {
    part: 'restore',
    does: 'a failed RESTORE_TABLES keeps what it had restored',
    kernels: 'before 5.19',
    commit: '8c5e74c90bb5',
  },
  'disable-lpis-keeps-pending': {
    part: 'registers',
    does: 'clearing GICR_CTLR.EnableLPIs keeps the pending state of the LPIs of that vCPU',
    kernels: 'before 5.1',
    commit: '"vgic-v3: Retire pending interrupts on disabling LPIs"',
  },
  'no-lpi-invalidate-registers': {
    part: 'registers',
    does: 'GICR_INVLPIR and GICR_INVALLR do nothing, and GICR_CTLR reads without CES and IR',
    kernels: 'before 5.19',
    commit: '"vgic-v3: Implement MMIO-based LPI invalidation"',
  },
  'target-is-index': {
    part: 'commands',
    does: 'RDbase is the index of a vCPU, not its vcpu_id',
    kernels: 'before 6.7',
    commit: 'd455d366c451',
  },
  'mapc-unmap-checks-target': {
    part: 'commands',
    does: 'MAPC with V=0 and an RDbase that names no vCPU is refused',
    kernels: 'before 6.7',
  },
  'no-translation-cache': {
    part: 'msi',
    does: 'every MSI is translated anew',
    kernels: 'before 5.4',
  },
  'cache-keyed-by-address': {
    part: 'msi',
    does: 'a cached translation is found by the address of TRANSLATER and not by any address of the frame, and all ITSes share one cache (its size, 16 entries for each host CPU, is not modelled)',
    kernels: '5.4 to 6.9',
    commit: 'e64f2918c6e7',
  },
  'movall-ignores-source': {
    part: 'commands',
    does: 'MOVALL retargets every LPI, whatever its target was',
    kernels: '6.10 to 6.12.112',
  },
  'keeps-unmapped': {
    part: 'commands',
    does: 'MAPD V=0 and DISCARD leave their entries in guest RAM',
    kernels: 'before 6.13, 6.12.2, 6.1.120',
    commit: 'e9649129d33d, 7602ffd1d5e8',
  },
  'dte-size-unchecked': {
    part: 'restore',
    does: 'a DTE with 17 to 28 EventID bits is scanned, up to the end of RAM, with all vCPUs locked (soft lockup); one with more is not scanned at all, as its size overflows an int',
    kernels: 'before 7.2, 6.12.92, 6.1.175',
    commit: '9ce754ed8e7a',
  },
  'null-collection-oops': {
    part: 'save',
    does: 'saving an event whose collection was unmapped dereferences NULL in the host (CVE-2026-89912)',
    kernels: 'before 7.2, 6.12.113, 6.1.191',
    commit: 'c6c156d931c3',
  },
  'next-names-zero-ite': {
    part: 'save',
    does: 'the `next` of an ITE may point at the zero ITE of an event whose collection was unmapped',
    kernels: 'before 7.2; 6.12 and 6.1 stable still',
    commit: 'ad1e686e2378',
  },
  'save-refuses-unreachable-device': {
    part: 'save',
    does: 'a device whose DTE cannot be stored fails the save with EINVAL; later devices are not written',
    kernels: 'before 7.3, 6.12.112; 6.1 stable still',
    commit: 'cc5d96036e01',
  },
  'baser-change-keeps': {
    part: 'registers',
    does: 'a GITS_BASER<n> write that keeps Valid keeps the cached devices and collections',
    kernels: 'before 7.3, 6.12.112; 6.1 stable still',
    commit: '8cd92f77ae4f',
  },
  'ctes-past-table': {
    part: 'save',
    does: 'more collections than the table holds are written past its end into guest RAM',
    kernels: 'before 6.12.112 and 7.2; cannot arise where a BASER change frees the collections',
  },
  'save-refuses-too-many-collections': {
    part: 'save',
    does: 'more collections than the table holds fail the save with EINVAL',
    kernels: '7.2 only',
    commit: '9b10fb74e4b6, reverted by 30908e727247',
  },
  'no-gicv41-save': {
    part: 'save',
    does: 'tables with a hardware LPI cannot be saved, with or without GICv4.1: EACCES',
    kernels: 'before 5.13',
    commit: '8082d50f4817',
  },
  'unset-forwarding-drops-pending': {
    part: 'msi',
    does: 'an LPI that hardware delivered and that goes back to software loses its pending bit: nobody reads the virtual pending table before the DISCARD',
    kernels: '4.15 to 6.12.117; later ones were not read',
  },
  'proposed-head': {
    part: 'restore',
    does: 'dummy heads are written and followed as posted in November 2024, defects included',
    kernels: 'the proposal of 5 November 2024 on 6.12-rc6; never released',
  },
} as const satisfies Record<string, QuirkRow>

export type QuirkName = keyof typeof quirks

/** Which quirks a kernel has. */
export type Quirks = Readonly<Record<QuirkName, boolean>>

/** The quirks named, and no other. */
export function quirkSet(names: Iterable<QuirkName>): Quirks {
  const has = new Set<string>(names)
  return Object.fromEntries(Object.keys(quirks).map((name) => [name, has.has(name)])) as unknown as Quirks
}
