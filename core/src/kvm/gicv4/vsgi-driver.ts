import { GICR_VIRTUAL, GICR_VSGIPENDR, GICR_VSGIR, GITS_SGIR, GITS_VIRTUAL } from '../../abi/index.ts'
import { KvmError } from '../../memory/index.ts'
import type { GicHost } from './host.ts'
import type { HostVpe } from './host-vpe.ts'

/** The configuration of one virtual SGI. */
export interface VsgiConfig {
  readonly enabled: boolean
  readonly group1: boolean
  /** A byte, of which hardware keeps bits [7:4]. */
  readonly priority: number
}

/** Reads of GICR_VSGIPENDR before the hardware counts as hung; Linux waits for a second. */
const PATIENCE = 1000

/**
 * The virtual SGIs of a vPE (GICv4.1): commands go to the first ITS, which maps every vPE.
 *
 * @source Linux drivers/irqchip/irq-gic-v3-its.c its_configure_sgi, its_sgi_set_irqchip_state, its_sgi_get_irqchip_state
 */
export class VsgiDriver {
  readonly #host: GicHost

  constructor(host: GicHost) {
    this.#host = host
  }

  /** Changes configuration and leaves the pending bit alone. */
  configure(vpe: HostVpe, vsgi: number, { enabled, group1, priority }: VsgiConfig): void {
    const config = { enable: enabled, group: group1, priority: priority & 0xf0 }
    this.#host.send(this.#its, 'VSGI', { vpeid: vpe.vpeid, vsgi, ...config })
  }

  raise(vpe: HostVpe, vsgi: number): void {
    this.#its.write(GITS_VIRTUAL.SGIR, GITS_SGIR.pack({ vpeid: vpe.vpeid, vintid: vsgi }))
  }

  /** Drops the pending bit and leaves configuration alone. */
  clear(vpe: HostVpe, vsgi: number): void {
    this.#host.send(this.#its, 'VSGI', { vpeid: vpe.vpeid, vsgi, clear: true })
  }

  /**
   * The pending bits of all 16, asked of the redistributor the vPE lives on. For a vPE that is not mapped the answer means nothing.
   *
   * @throws KvmError ENXIO when the hardware stays Busy.
   */
  pending(vpe: HostVpe): number {
    const redistributor = this.#host.hardware.redistributors[vpe.processor]!
    redistributor.write(GICR_VIRTUAL.VSGIR, GICR_VSGIR.pack({ vpeid: vpe.vpeid }))
    for (let reads = 0; reads < PATIENCE; reads++) {
      const { busy, pending } = GICR_VSGIPENDR.unpack(redistributor.read(GICR_VIRTUAL.VSGIPENDR))
      if (!busy) return pending
    }
    throw new KvmError('ENXIO', `the vSGIs of vPE ${vpe.vpeid} could not be read`)
  }

  get #its() {
    return this.#host.hardware.itses[0]!
  }
}
