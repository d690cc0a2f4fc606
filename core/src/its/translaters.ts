import { GITS_TRANSLATER, ITS_FRAME_BYTES, KVM_MSI_VALID_DEVID } from '../abi/index.ts'
import { errnos, GPA_LIMIT, wholeNumber } from '../memory/index.ts'
import type { Its } from './its.ts'
import { triggerEvent } from './translation.ts'

// The compiler knows a constant of this module, and loads one of another each time.
const FRAME_BYTES = ITS_FRAME_BYTES
const TRANSLATER = GITS_TRANSLATER
const VALID_DEVID = KVM_MSI_VALID_DEVID

/** An MSI as KVM_SIGNAL_MSI takes it (`struct kvm_msi`). */
export interface Msi {
  /** Where the device wrote: an address in an ITS's frame. */
  readonly address: number
  readonly deviceId: number
  /** What it wrote. */
  readonly eventId: number
  /** KVM_MSI_VALID_DEVID, as a rule. */
  readonly flags: number
}

/** The GITS_TRANSLATER registers of a VM's ITSes, by the address of their frames: where MSIs arrive. */
export class Translaters {
  /** ITSes with an address, lowest first. */
  #frames: { readonly base: number; readonly its: Its }[] = []
  #lastBase = -1
  #last: Its | undefined

  /** Puts the frame of an ITS at `base`. Frames may overlap: the lower one answers, as in KVM. @throws RangeError for what is no address. */
  add(base: number, its: Its): void {
    wholeNumber('the base of a frame', base, 0, GPA_LIMIT - 1)
    this.#frames = [...this.#frames, { base, its }].sort((a, b) => a.base - b.base)
    this.#last = undefined
  }

  /** The ITS whose frame holds the address. */
  at(address: number): Its | undefined {
    if (this.#last !== undefined && address >= this.#lastBase && address < this.#lastBase + FRAME_BYTES) return this.#last
    const frame = this.#frames.find(({ base }) => address >= base && address < base + FRAME_BYTES)
    if (frame === undefined) return undefined
    this.#last = frame.its
    this.#lastBase = frame.base
    return frame.its
  }

  /**
   * Delivers an MSI, as KVM_SIGNAL_MSI and an irqfd's route do in a VM that has an ITS. Both have refused unknown flags.
   *
   * A translation that KVM has cached is delivered without asking for the ITS to be enabled, the flag or the collection.
   *
   * @param address any address in the frame; all numbers, so that a call costs nothing but the delivery. DeviceID and EventID have 32 bits:
   * that is not looked at here, but by `KvmVm.signalMsi`.
   * @returns 1 delivered, 0 not mapped, or a negative errno.
   * @source vgic-its.c vgic_its_inject_msi
   */
  signal(address: number, deviceId: number, eventId: number, flags: number): number {
    const its = this.at(address)
    if (its === undefined) return -errnos.EINVAL
    const index = its.find(deviceId, eventId)
    if (index >= 0 && its.events.isCached(index) && (address === this.#lastBase + TRANSLATER || !its.cachesByAddress)) {
      its.gic.lpis.raise(its.events.lpi(index))
      return 1
    }
    if ((flags & VALID_DEVID) === 0) return -errnos.EINVAL
    if (!its.enabled) return -errnos.EBUSY
    const result = triggerEvent(its, index)
    return result > 0 ? 0 : result === 0 ? 1 : result
  }
}
