import { VPT_ALIGN } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import type { GicHost } from './host.ts'

/** INTID bits that Linux gives a VM (LPI_NRBITS is the hardware's; 16 is what a vITS can use). */
export const VM_INTID_BITS = 16

/** A vPE as the host's driver knows it (Linux: struct its_vpe). */
export interface HostVpe {
  readonly vpeid: number
  /** Host address of its virtual pending table. */
  readonly vptAddr: Gpa
  /** Its doorbell: a physical LPI. */
  readonly doorbell: number
  /** The physical processor it was last told to live on (col_idx). */
  processor: number
  /** Its doorbell is requested: the kernel counts it as mapped, and unmaps it once (irqd_is_activated). */
  active: boolean
  /** On how many ITSes it is mapped (vmapp_count). */
  mapCount: number
  /** It was mapped at least once: before that its pending table holds nothing and is not read. */
  everMapped: boolean
  resident: boolean
  /** The table was parsed since it became resident. */
  ready: boolean
  /** Something may be pending: the last deschedule or a doorbell said so. */
  pendingLast: boolean
  /** Doorbells received. */
  rings: number
}

/** The vPEs of one VM and what they share (Linux: struct its_vm). */
export interface HostVm {
  readonly vpes: readonly HostVpe[]
  /** Host address of the virtual configuration table, one byte for each vLPI from 8192. */
  readonly vconfAddr: Gpa
  /** vLPIs by ITS_Number: with an ITSList, GICv4.0 maps the vPEs on an ITS with its first vLPI. */
  readonly vlpiCount: number[]
}

/**
 * Tables, vPEIDs and doorbells for the vPEs of a VM; nothing is mapped yet.
 *
 * @param ring called with the index of the vPE whose doorbell came.
 * @source Linux irq-gic-v3-its.c its_vpe_irq_domain_alloc, its_vpe_init
 */
export function allocateVm(host: GicHost, vpes: number, ring: (index: number) => void): HostVm {
  const vconfAddr = host.allocate(2 ** VM_INTID_BITS)
  const vlpiCount = host.hardware.itses.map(() => 0)
  return { vconfAddr, vlpiCount, vpes: Array.from({ length: vpes }, (_, index) => allocateVpe(host, () => ring(index))) }
}

function allocateVpe(host: GicHost, ring: () => void): HostVpe {
  const vptAddr = host.allocate(VPT_ALIGN)
  const doorbell = host.allocateDoorbell(ring)
  const idle = {
    processor: 0,
    active: false,
    mapCount: 0,
    everMapped: false,
    resident: false,
    ready: false,
    pendingLast: false,
    rings: 0,
  }
  return { vpeid: host.allocateVpeid(), vptAddr, doorbell, ...idle }
}

/**
 * The pending bit of a vLPI as the virtual pending table in memory holds it: true only on GICv4.1 and while the vPE is unmapped.
 * Bytes below INTID 8192 belong to the hardware.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-v4.c vgic_v4_get_vlpi_state
 */
export function pendingInTable(host: GicHost, vpe: HostVpe, vintid: number): boolean {
  if (!vpe.everMapped) return false
  return ((host.memory.u8((vpe.vptAddr + (vintid >>> 3)) as Gpa) >>> (vintid & 7)) & 1) === 1
}
