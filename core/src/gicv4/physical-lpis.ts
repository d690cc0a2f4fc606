import { FIRST_LPI, LPI_CONFIG } from '../abi/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'

/** Takes a physical LPI, as the host's interrupt handler does. */
export type LpiHandler = (pintid: number, rdBase: number) => void

const { enable } = LPI_CONFIG.fields

/** The physical LPIs of the host: doorbells, and the device interrupts that no guest takes directly. */
export class PhysicalLpis {
  /** Where an enabled LPI goes as soon as it is pending. */
  onLpi: LpiHandler = () => undefined
  readonly #memory: GuestMemory
  readonly #configAddr: Gpa
  readonly #config = new Map<number, number>()
  readonly #pending = new Map<number, number>()

  /** @param configAddr host address of the LPI configuration table (GICR_PROPBASER, one for all redistributors). */
  constructor(memory: GuestMemory, configAddr: Gpa) {
    this.#memory = memory
    this.#configAddr = configAddr
  }

  /** Makes an LPI pending on a redistributor; a disabled one stays so until its configuration is read again. */
  raise(pintid: number, rdBase: number): void {
    if (enable.get(this.#configOf(pintid), 0) === 1) this.onLpi(pintid, rdBase)
    else this.#pending.set(pintid, rdBase)
  }

  clear(pintid: number): void {
    this.#pending.delete(pintid)
  }

  isPending(pintid: number): boolean {
    return this.#pending.has(pintid)
  }

  /** Reads the configuration of an LPI again (INV, INVDB, GICR_INVLPIR), or of all (INVALL). */
  invalidate(pintid?: number): void {
    if (pintid === undefined) this.#config.clear()
    else this.#config.delete(pintid)
    for (const [waiting, rdBase] of [...this.#pending]) {
      if (enable.get(this.#configOf(waiting), 0) !== 1) continue
      this.#pending.delete(waiting)
      this.onLpi(waiting, rdBase)
    }
  }

  #configOf(pintid: number): number {
    let byte = this.#config.get(pintid)
    if (byte === undefined) {
      byte = this.#memory.u8((this.#configAddr + pintid - FIRST_LPI) as Gpa)
      this.#config.set(pintid, byte)
    }
    return byte
  }
}
