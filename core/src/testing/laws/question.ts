import type { ProfileId } from '../../abi/index.ts'
import { type AuditInput, audit, type Belief, type Report, type Scene, setScene } from '../../audit/index.ts'
import { difference, type Mapped, type Mapping } from './mapped.ts'
import type { Queue } from './queues.ts'
import type { Restored, Restorers } from './restorers.ts'
import { inputOf, type SavedImage } from './saved-image.ts'

/** A saved VM as one that does not know its guest sees it, beside what its guest has mapped in truth. */
export class Question {
  readonly image: SavedImage
  readonly queue: Queue
  readonly kernel: ProfileId
  readonly input: AuditInput
  readonly scene: Scene
  readonly report: Report
  /** What the kernel restores in truth. */
  readonly restored: Restored

  constructor(image: SavedImage, queue: Queue, kernel: ProfileId, restorers: Restorers) {
    this.image = image
    this.queue = queue
    this.kernel = kernel
    this.input = inputOf(image, queue, kernel)
    this.scene = setScene(this.input)
    this.report = audit(this.scene)
    this.restored = restorers.of(image.memory)(kernel)
  }

  get truth(): Mapped {
    return this.image.truth
  }

  /** What witnesses say of a mapping. */
  belief({ deviceId, eventId }: Mapping): Belief {
    const { beliefs } = this.scene
    return eventId === undefined ? beliefs.device(deviceId).belief : beliefs.eventBelief(deviceId, eventId)
  }

  /** Every device and event that the scope has names for. */
  *mappings(): Generator<Mapping> {
    const { deviceIds, events } = this.image.scope
    for (const deviceId of deviceIds) {
      yield { deviceId }
      for (let eventId = 0; eventId < events; eventId++) yield { deviceId, eventId }
    }
  }

  isLive({ deviceId, eventId }: Mapping): boolean {
    const device = this.truth.devices.get(deviceId)
    return device !== undefined && (eventId === undefined || device.events.has(eventId))
  }

  /** How what the guest has differs from what is restored. */
  from(has: Mapped) {
    return difference(this.truth, has)
  }

  /** The history, for people. */
  get says(): string {
    const { history } = this.image
    return `${history.map(({ says }) => says).join('; ')}; save. Queue: ${this.queue.says}. Restored by ${this.kernel}`
  }
}
