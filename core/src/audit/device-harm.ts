import type { EventId } from './finding.ts'
import { hiddenDevices } from './passes/hidden.ts'
import type { Scene } from './scene.ts'
import { type Damage, damage, isMisplaced } from './verdict.ts'

/** What a restore does to one device; its events are counted among the first 1024 that are lost, misdirected or revived. */
export interface DeviceHarm {
  readonly deviceId: number
  /** Events that the guest has mapped. */
  readonly live: number
  /** Of those, how many do not come back. */
  readonly lost: number
  /** Of those, how many come back as something else. */
  readonly misdirected: number
  /** Dead events that come back. */
  readonly revived: number
  /** Interrupts of its events that were lost before the save, and that its driver waits for. */
  readonly waitsFor: number
  /** The guest has the device mapped, and it does not come back. */
  readonly isLost: boolean
  /** It comes back with another ITT than the guest gave it. */
  readonly isMisplaced: boolean
  /** It may be live and does not come back, or not with all events that may be. */
  readonly isHidden: boolean
}

/** How bad it is; the numbers are their order. */
const WORST = { lost: 0, waits: 1, misdirected: 2, forgotten: 3, misplaced: 4, hidden: 5, inPart: 6, bus: 7, revived: 8 } as const

/** Each device that a restore harms, the worst first. Where the restore fails, all of them are lost, and none is listed. */
export function harmedDevices(scene: Scene): readonly DeviceHarm[] {
  const { restored, names } = scene
  if (restored.objection !== undefined || restored.cut !== undefined) return []
  const harmed = [...new Harms(scene, damage(scene, restored)).all()]
  const order = harmed.map((harm) => ({
    harm,
    worse: [kindOf(harm, scene), names.rank(harm.deviceId), -harm.lost, harm.deviceId],
  }))
  order.sort((a, b) => {
    const i = a.worse.findIndex((key, i) => key !== b.worse[i])
    return i < 0 ? 0 : a.worse[i]! - b.worse[i]!
  })
  return order.map(({ harm }) => harm)
}

function kindOf(
  { deviceId, lost, misdirected, waitsFor, isLost, isMisplaced: misplaced, isHidden }: DeviceHarm,
  { names, restored }: Scene,
): number {
  const isRevived = lost + misdirected + waitsFor === 0 && !isLost && !misplaced && !isHidden
  if (isRevived) return WORST.revived
  if (names.isOfBus(deviceId)) return WORST.bus
  if (lost > 0) return WORST.lost
  if (waitsFor > 0) return WORST.waits
  if (misdirected > 0) return WORST.misdirected
  if (isLost) return WORST.forgotten
  if (misplaced) return WORST.misplaced
  return restored.mappings.device(deviceId) === undefined ? WORST.hidden : WORST.inPart
}

class Harms {
  readonly #scene: Scene
  readonly #lost: ReadonlyMap<number, number>
  readonly #misdirected: ReadonlyMap<number, number>
  readonly #revived: ReadonlyMap<number, number>
  readonly #waitsFor: ReadonlyMap<number, number>
  readonly #hidden: ReadonlySet<number>

  constructor(scene: Scene, { lost, misdirected, revived, lostInterrupts }: Damage) {
    this.#scene = scene
    this.#lost = byDevice(lost.first)
    this.#misdirected = byDevice(misdirected.first)
    this.#revived = byDevice(revived.first)
    this.#waitsFor = byDevice(lostInterrupts.first)
    this.#hidden = hiddenDevices(scene, scene.restored)
  }

  *all(): Generator<DeviceHarm> {
    const { live } = this.#scene.beliefs
    const parts = [
      this.#lost.keys(),
      this.#misdirected.keys(),
      this.#revived.keys(),
      this.#waitsFor.keys(),
      this.#hidden,
      live.devices,
    ]
    for (const deviceId of new Set(parts.flatMap((ids) => [...ids]))) {
      const harm = this.#of(deviceId)
      const { isLost, isMisplaced, isHidden } = harm
      const events = harm.lost + harm.misdirected + harm.revived + harm.waitsFor
      if (events > 0 || isLost || isMisplaced || isHidden) yield { ...harm, live: this.#liveEvents(deviceId) }
    }
  }

  #liveEvents(deviceId: number): number {
    const { beliefs } = this.#scene
    return beliefs.eventIds(deviceId).filter((eventId) => beliefs.live.hasEvent(deviceId, eventId)).length
  }

  #of(deviceId: number): Omit<DeviceHarm, 'live'> {
    const { beliefs, restored } = this.#scene
    const back = restored.mappings.device(deviceId)
    const isLive = beliefs.live.hasDevice(deviceId)
    return {
      deviceId,
      lost: this.#lost.get(deviceId) ?? 0,
      misdirected: this.#misdirected.get(deviceId) ?? 0,
      revived: this.#revived.get(deviceId) ?? 0,
      waitsFor: this.#waitsFor.get(deviceId) ?? 0,
      isLost: isLive && back === undefined,
      isMisplaced: isLive && back !== undefined && isMisplaced(back, beliefs.place(deviceId)),
      isHidden: this.#hidden.has(deviceId),
    }
  }
}

function byDevice(events: readonly EventId[]): ReadonlyMap<number, number> {
  const counts = new Map<number, number>()
  for (const [deviceId] of events) counts.set(deviceId, (counts.get(deviceId) ?? 0) + 1)
  return counts
}
