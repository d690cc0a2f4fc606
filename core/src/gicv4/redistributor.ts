import { GICR, GICR_INVLPIR, GICR_VIRTUAL, GICR_VSGIPENDR, GICR_VSGIR } from '../abi/index.ts'
import { SPURIOUS } from '../its/index.ts'
import { Residency } from './residency.ts'
import type { VirtualInterrupts } from './virtual-interrupts.ts'
import type { Vpe } from './vpe.ts'

interface Register {
  readonly read: (rd: PhysicalRedistributor) => bigint
  readonly write: (rd: PhysicalRedistributor, value: bigint) => void
}

/**
 * The side of a physical redistributor that concerns virtual interrupts: which vPE is resident, and what it may take.
 *
 * Decided here: GICR_VSGIPENDR for a vPE that is not mapped is logged as unpredictable and reads 0.
 *
 * @source IHI 0069 "GICR_VPENDBASER", "GICR_VSGIR", "GICR_VSGIPENDR", "GICR_INVLPIR"
 */
export class PhysicalRedistributor {
  readonly rdBase: number
  readonly virtual: VirtualInterrupts
  readonly residency: Residency
  #sgisAsked: Vpe | undefined
  #busyReads = 0
  readonly #latency: number

  /** @param latency how many reads of GICR_VPENDBASER (GICR_VSGIPENDR) show Dirty (Busy) after a change; Infinity for hung hardware. */
  constructor(rdBase: number, virtual: VirtualInterrupts, latency: number) {
    this.rdBase = rdBase
    this.virtual = virtual
    this.residency = new Residency(rdBase, virtual, latency)
    this.#latency = latency
  }

  /** A register by its offset from RD_base; 0 for one the model does not have. */
  read(offset: number): bigint {
    return registers[offset]?.read(this) ?? 0n
  }

  write(offset: number, value: bigint): void {
    const register = registers[offset]
    if (register !== undefined) register.write(this, value)
    else this.virtual.log.note('refused', `a write to redistributor register 0x${offset.toString(16)}`)
  }

  /** The virtual CPU interface takes the interrupt of highest priority of the resident vPE: its pending bit goes. 1023: nothing. */
  acknowledge(): number {
    const vpe = this.residency.vpe
    const vintid = vpe?.highest(this.virtual.memory)
    if (vintid === undefined) return SPURIOUS
    vpe!.clearPending(vintid)
    return vintid
  }

  askSgis(vpeid: number): void {
    this.#sgisAsked = this.virtual.vpe(vpeid)
    this.#busyReads = this.#latency
    if (this.#sgisAsked === undefined) {
      this.virtual.log.note('unpredictable', 'GICR_VSGIPENDR of a vPE that is not mapped: reads as 0', { vpeid })
    }
  }

  answerSgis(): bigint {
    if (this.#busyReads > 0) {
      this.#busyReads -= 1
      return GICR_VSGIPENDR.pack({ busy: true })
    }
    return GICR_VSGIPENDR.pack({ pending: this.#sgisAsked?.pendingSgis ?? 0 })
  }

  invalidate(value: bigint, all: boolean): void {
    const { virtual, vpeid, intid } = GICR_INVLPIR.unpack(value)
    if (!virtual) {
      this.virtual.lpis.invalidate(all ? undefined : intid)
      return
    }
    const vpe = this.virtual.vpe(vpeid)
    if (vpe !== undefined) this.virtual.invalidate(vpe, all ? undefined : intid)
    else this.virtual.log.note('refused', 'an invalidation for a vPE that is not mapped', { vpeid })
  }
}

const writeOnly = () => 0n
const readOnly = () => undefined

const registers: Readonly<Record<number, Register>> = {
  [GICR.INVLPIR]: { read: writeOnly, write: (rd, value) => rd.invalidate(value, false) },
  [GICR.INVALLR]: { read: writeOnly, write: (rd, value) => rd.invalidate(value, true) },
  [GICR.SYNCR]: { read: () => 0n, write: readOnly },
  [GICR_VIRTUAL.VPROPBASER]: {
    read: (rd) => rd.virtual.vpropbasers[rd.rdBase]!,
    write: (rd, value) => {
      rd.virtual.vpropbasers[rd.rdBase] = value
    },
  },
  [GICR_VIRTUAL.VPENDBASER]: {
    read: (rd) => rd.residency.read(),
    write: (rd, value) => rd.residency.write(value),
  },
  [GICR_VIRTUAL.VSGIR]: { read: writeOnly, write: (rd, value) => rd.askSgis(GICR_VSGIR.unpack(value).vpeid) },
  [GICR_VIRTUAL.VSGIPENDR]: { read: (rd) => rd.answerSgis(), write: readOnly },
}
