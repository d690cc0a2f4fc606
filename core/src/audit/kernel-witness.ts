import type { KernelDevice, KernelIts } from '../guest-kernel/index.ts'
import type { Gpa } from '../memory/index.ts'
import { answer, type KernelAnswer } from './answer.ts'

/** What the guest's kernel says of a device or an event, and where. */
export interface KernelTestimony {
  readonly kernel: KernelAnswer
  /** its_device, or the head of the list that lacks it. */
  readonly kernelAt: Gpa | undefined
}

const NONE: KernelTestimony = { kernel: answer('R-kernel-none'), kernelAt: undefined }
const WAITS: KernelTestimony = { kernel: answer('R-kernel-waits'), kernelAt: undefined }
const LISTED = answer('R-kernel-listed')
const UNLISTED = answer('R-kernel-unlisted')
const EVENT = answer('R-kernel-event')
const ALLOCATED = answer('R-kernel-allocated')
const FREE = answer('R-kernel-free')

/**
 * The guest kernel's own list of devices as a witness: it does not age. A device is on it as long as it is mapped; an event that is
 * allocated need not be mapped, but is when its LPI is enabled.
 */
export class KernelWitness {
  readonly #its: KernelIts | undefined
  readonly #waiting: ReadonlySet<number>
  readonly #isEnabled: (lpi: number) => boolean | undefined

  /** `waiting`: DeviceIDs that a command names which KVM has not executed. */
  constructor(
    its: KernelIts | undefined,
    waiting: ReadonlySet<number> = new Set(),
    isEnabled: (lpi: number) => boolean | undefined = () => undefined,
  ) {
    this.#its = its
    this.#waiting = waiting
    this.#isEnabled = isEnabled
  }

  get isHeard(): boolean {
    return this.#its !== undefined
  }

  /** DeviceIDs that it says are live. */
  get deviceIds(): readonly number[] {
    return [...(this.#its?.devices.keys() ?? [])].filter((deviceId) => !this.#waiting.has(deviceId))
  }

  /** Events of a device that it says are live. */
  eventIds(deviceId: number): readonly number[] {
    const device = this.device(deviceId)
    return device?.eventIds().filter((eventId) => this.#isEnabled(device.pintid(eventId)) === true) ?? []
  }

  /** Events of the whole list that may be mapped or not. */
  get undecided(): number {
    let count = 0
    for (const deviceId of this.deviceIds) count += this.device(deviceId)!.eventIds().length - this.eventIds(deviceId).length
    return count
  }

  /** The device as the kernel has it. */
  device(deviceId: number): KernelDevice | undefined {
    return this.#waiting.has(deviceId) ? undefined : this.#its?.devices.get(deviceId)
  }

  onDevice(deviceId: number): KernelTestimony {
    if (this.#its === undefined) return NONE
    if (this.#waiting.has(deviceId)) return WAITS
    const device = this.#its.devices.get(deviceId)
    return device === undefined ? { kernel: UNLISTED, kernelAt: this.#its.list } : { kernel: LISTED, kernelAt: device.at }
  }

  onEvent(deviceId: number, eventId: number): KernelTestimony {
    const device = this.device(deviceId)
    if (device === undefined) return this.onDevice(deviceId)
    return { kernel: this.#ofEvent(device, eventId), kernelAt: device.at }
  }

  #ofEvent(device: KernelDevice, eventId: number): KernelAnswer {
    if (!device.allocated(eventId)) return FREE
    return this.#isEnabled(device.pintid(eventId)) === true ? EVENT : ALLOCATED
  }
}
