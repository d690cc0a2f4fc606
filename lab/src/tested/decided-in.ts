import type { QuirkName } from '@vits/core/abi'
import type { Step } from '@vits/core/conformance'

/** The functions of arch/arm64/kvm/vgic/vgic-its.c, or of the file that is named, in which a kernel decides about a quirk. */
const ofQuirk: Readonly<Partial<Record<QuirkName, string>>> = {
  'no-ctrl-reset': 'vgic_its_set_attr, vgic_its_has_attr',
  'unknown-ctrl-accepted': 'vgic_its_ctrl',
  'frame-past-ipa': 'vgic_check_iorange (vgic-kvm-device.c)',
  'pending-save-before-init': 'vgic_v3_set_attr (vgic-kvm-device.c)',
  'redistributor-last-hidden': 'vgic_uaccess_read_v3r_typer (vgic-mmio-v3.c)',
  'enable-unchecked': 'vgic_mmio_write_its_ctlr',
  'queue-waits-for-cbaser': 'vgic_its_process_commands',
  'baser-invalid-keeps': 'vgic_mmio_write_its_baser',
  'baser-change-keeps': 'vgic_mmio_write_its_baser',
  'addresses-48-bit': 'vgic_sanitise_its_baser, vgic_sanitise_its_cbaser',
  'outer-cache-non-cacheable': 'vgic_sanitise_outer_cacheability (vgic-mmio-v3.c)',
  'disable-lpis-keeps-pending': 'vgic_mmio_write_v3r_ctlr (vgic-mmio-v3.c)',
  'disable-lpis-keeps-latch': 'vgic_flush_pending_lpis (vgic.c)',
  'groups-fixed': 'vgic_mmio_write_group (vgic-mmio.c)',
  'no-lpi-invalidate-registers': 'vgic_mmio_write_invlpi (vgic-mmio-v3.c)',
  'lpi-mapped-by-many': 'vgic_its_cmd_handle_mapi, vgic_its_restore_ite',
  'mapti-itt-unchecked': 'vgic_its_cmd_handle_mapi, vgic_its_check_event_id',
  'failed-mapti-leaks-lpi': 'vgic_add_lpi',
  'discard-asks-collection-only': 'vgic_its_cmd_handle_discard',
  'target-is-index': 'vgic_its_cmd_handle_mapc, collection_to_vcpu',
  'mapc-unmap-checks-target': 'vgic_its_cmd_handle_mapc',
  'movall-ignores-source': 'vgic_its_cmd_handle_movall',
  'keeps-unmapped': 'vgic_its_cmd_handle_mapd, vgic_its_cmd_handle_discard',
  'no-translation-cache': 'vgic_its_inject_cached_translation',
  'cache-keyed-by-address': 'vgic_its_inject_cached_translation, vgic_its_cache_translation',
  'save-invalid-baser': 'vgic_its_save_device_tables, vgic_its_save_collection_table',
  'null-collection-oops': 'vgic_its_save_ite',
  'next-names-zero-ite': 'compute_next_eventid_offset',
  'save-refuses-unreachable-device': 'vgic_its_save_device_tables',
  'save-errors-told-apart': 'vgic_its_save_device_tables',
  'ctes-past-table': 'vgic_its_save_collection_table',
  'save-refuses-too-many-collections': 'vgic_its_save_collection_table',
  'pending-save-stale-byte': 'vgic_v3_save_pending_tables (vgic-v3.c)',
  'no-gicv41-save': 'vgic_its_save_itt',
  'both-tables-attempted': 'vgic_its_save_tables_v0, vgic_its_restore_tables_v0',
  'restore-needs-last-entry': 'scan_its_table, vgic_its_restore_itt',
  'full-collection-table-ends-restore': 'vgic_its_restore_collection_table',
  'cte-out-of-range-skipped': 'vgic_its_restore_cte',
  'restore-refuses-unmapped-collection': 'vgic_its_restore_cte',
  'device-out-of-range-restored': 'vgic_its_restore_dte',
  'dte-size-unchecked': 'vgic_its_restore_dte',
  'scan-overrun': 'scan_its_table',
  'failed-restore-keeps-state': 'vgic_its_restore_device_tables',
}

/** The handlers of commands that are not named after them. */
const handlers: Readonly<Record<string, string>> = { mapti: 'mapi' }

const ofRegister: Readonly<Record<string, string>> = {
  GITS_CTLR: 'vgic_mmio_write_its_ctlr',
  GITS_IIDR: 'vgic_mmio_uaccess_write_its_iidr',
  GITS_CBASER: 'vgic_mmio_write_its_cbaser',
  GITS_CREADR: 'vgic_mmio_uaccess_write_its_creadr',
  GITS_CWRITER: 'vgic_mmio_write_its_cwriter',
  GITS_BASER0: 'vgic_mmio_write_its_baser',
  GITS_BASER1: 'vgic_mmio_write_its_baser',
  GICR_CTLR: 'vgic_mmio_write_v3r_ctlr (vgic-mmio-v3.c)',
  GICR_PROPBASER: 'vgic_mmio_write_propbase (vgic-mmio-v3.c)',
  GICR_PENDBASER: 'vgic_mmio_write_pendbase (vgic-mmio-v3.c)',
}

/** What a look at memory shows is the doing of what came before: here, of a save, by the table that is looked at. */
const savedBy: readonly (readonly [RegExp, string])[] = [
  [/device|second-level/, 'vgic_its_save_device_tables, vgic_its_save_dte'],
  [/collection/, 'vgic_its_save_collection_table'],
  [/./, 'vgic_its_save_itt, vgic_its_save_ite'],
]

/** Where a kernel decides what a quirk is about. */
export const decidesQuirk = (name: QuirkName): string | undefined => ofQuirk[name]

/** Where a kernel decides what the last step of a history answers: a guess by what was asked, for what no quirk explains. */
export function decidesLast(steps: readonly Step[]): string | undefined {
  const last = steps.at(-1)
  if (last === undefined) return undefined
  const isLook = last.op === 'mem_dump' || last.op === 'dirty_log' || last.op === 'its_regs'
  const deed = isLook ? steps.findLast(({ op }) => !/^(mem_|dirty_log|its_regs|its_read|redist_read|note)/.test(op)) : last
  if (deed === undefined) return undefined
  if (last.op === 'mem_dump' && deed.op === 'its_save_tables') return savedBy.find(([what]) => what.test(last.what))![1]
  return decidesStep(deed)
}

function decidesStep(step: Step): string | undefined {
  switch (step.op) {
    case 'commands': {
      // Some recordings have the operands in the name.
      const names = step.list.map((command) => command.name.split(' ')[0]!.toLowerCase())
      const name = names.findLast((one) => one !== 'sync')
      return name === undefined ? 'vgic_its_process_commands' : `vgic_its_cmd_handle_${handlers[name] ?? name}`
    }
    case 'its_write':
    case 'its_read':
    case 'redist_write':
    case 'redist_read':
      return ofRegister[step.reg]
    case 'its_save_tables':
      return 'vgic_its_save_tables_v0'
    case 'its_restore_tables':
      return 'vgic_its_restore_tables_v0, scan_its_table'
    case 'its_ctrl_reset':
      return 'vgic_its_reset'
    case 'its_ctrl_init':
    case 'its_ctrl_attr':
      return 'vgic_its_set_attr'
    case 'gic_ctrl_attr':
    case 'gic_ctrl_init':
      return 'vgic_v3_set_attr (vgic-kvm-device.c)'
    case 'gic_save_pending_tables':
      return 'vgic_v3_save_pending_tables (vgic-v3.c)'
    case 'signal_msi':
    case 'guest_acknowledged':
      return 'vgic_its_inject_msi, vgic_its_trigger_msi'
    default:
      return undefined
  }
}
