import type { Gic } from '../its/index.ts'
import { attempt, type Gpa, KvmError, type Outcome } from '../memory/index.ts'

export interface PendingOptions {
  /** The pending bit that GICv4.1 hardware holds for an LPI it delivers; without it what software knows is written. */
  readonly vlpiPending?: (intid: number) => boolean
}

/**
 * Writes the pending bit of every mapped LPI to the pending table of its target, as KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES does.
 * Bits of other LPIs, and of a former target, stay as they are.
 *
 * @returns how many bits changed.
 * @source Linux arch/arm64/kvm/vgic/vgic-v3.c, vgic_v3_save_pending_tables
 */
export function savePendingTables(gic: Gic, options: PendingOptions = {}): Outcome<number> {
  return attempt(() => writePendingTables(gic, options))
}

/** As `savePendingTables`. @throws KvmError EFAULT where that fails. */
export function writePendingTables(gic: Gic, { vlpiPending }: PendingOptions = {}): number {
  const { lpis, memory } = gic
  if (gic.redistributors.length > 1 && gic.quirks['pending-save-stale-byte']) return writeByStaleBytes(gic)
  let changed = 0
  for (let handle = lpis.first(); handle !== 0; handle = lpis.after(handle)) {
    const vcpu = lpis.target(handle)
    if (vcpu < 0) continue
    const intid = lpis.intid(handle)
    const at = gic.pendingAt(intid, vcpu)
    if (!memory.contains(at)) throw outsideRam(intid, at)
    const byte = memory.u8(at)
    const bit = 1 << (intid & 7)
    const pending = vlpiPending !== undefined && lpis.isForwarded(handle) ? vlpiPending(intid) : lpis.isPending(handle)
    if (pending === ((byte & bit) !== 0)) continue
    memory.setU8(at, byte ^ bit)
    changed++
  }
  return changed
}

/** As Linux did before 5.5: the byte read last is taken for that of the next LPI where the offset is the same, whatever the vCPU. */
function writeByStaleBytes(gic: Gic): number {
  const { lpis, memory } = gic
  let changed = 0
  let offset = -1
  let byte = 0
  for (const handle of lpis.inOrderOfCreation()) {
    const vcpu = lpis.target(handle)
    if (vcpu < 0) continue
    const intid = lpis.intid(handle)
    const at = gic.pendingAt(intid, vcpu)
    if (!memory.contains(at)) throw outsideRam(intid, at)
    if (intid >>> 3 !== offset) byte = memory.u8(at)
    offset = intid >>> 3
    const bit = 1 << (intid & 7)
    if (lpis.isPending(handle) === ((byte & bit) !== 0)) continue
    byte ^= bit
    memory.setU8(at, byte)
    changed++
  }
  return changed
}

function outsideRam(intid: number, at: Gpa): KvmError {
  return new KvmError('EFAULT', `the pending bit of LPI ${intid} is not in guest RAM`, { what: 'LPI table', at })
}
