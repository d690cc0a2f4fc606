import type { Operands } from '../../abi/index.ts'

/** A mapped event of the reference. */
interface Event {
  readonly pintid: number
  /** Undefined once its collection was unmapped. */
  icid: number | undefined
}

/** An LPI of the reference: it exists while an event names it or it waits in a queue. */
interface Lpi {
  target: number | undefined
  pending: boolean
  enabled: boolean
  priority: number
  /** The vCPU whose queue it waits in. */
  queuedOn: number | undefined
}

/** The limits and tables that the reference takes as given. */
export interface World {
  readonly vcpus: number
  readonly deviceIds: number
  readonly icids: number
  readonly lpiLimit: number
  /** The configuration byte of an LPI, as it is in RAM now. */
  readonly config: (intid: number) => number
}

/**
 * The ITS as its specification says it, with maps and objects and no thought of speed: what commands and MSIs do to mappings and LPIs.
 * Guest RAM is all there, pending tables are empty, the ITS and all LPIs are enabled.
 */
export class ReferenceIts {
  readonly devices = new Map<number, { readonly bits: number; readonly events: Map<number, Event> }>()
  /** ICID to vCPU, undefined while not mapped; in the order they became known. */
  readonly collections = new Map<number, number | undefined>()
  readonly lpis = new Map<number, Lpi>()
  readonly #world: World
  #arrivals: number[] = []

  constructor(world: World) {
    this.#world = world
  }

  MAPD({ deviceId, size, valid }: Operands<'MAPD'>): void {
    if (deviceId >= this.#world.deviceIds || (valid && size >= 16)) return
    this.devices.delete(deviceId)
    if (valid) this.devices.set(deviceId, { bits: size + 1, events: new Map() })
    this.#dropUnreferenced()
  }

  MAPC({ icid, rdBase, valid }: Operands<'MAPC'>): void {
    if (!valid) {
      this.collections.delete(icid)
      for (const event of this.#events()) if (event.icid === icid) event.icid = undefined
      return
    }
    if (rdBase >= this.#world.vcpus || (!this.collections.has(icid) && icid >= this.#world.icids)) return
    this.collections.set(icid, rdBase)
    for (const event of this.#events()) if (event.icid === icid) this.lpis.get(event.pintid)!.target = rdBase
  }

  MAPTI({ deviceId, eventId, pintid, icid }: Operands<'MAPTI'>): void {
    const device = this.devices.get(deviceId)
    if (device === undefined || eventId >= 2 ** device.bits) return
    if (pintid < 8192 || pintid >= this.#world.lpiLimit || device.events.has(eventId)) return
    const isNew = !this.collections.has(icid)
    if (isNew) {
      if (icid >= this.#world.icids) return
      this.collections.set(icid, undefined)
    }
    const waiting = this.lpis.get(pintid)
    if (waiting !== undefined && [...this.#events()].some((event) => event.pintid === pintid)) {
      if (isNew) this.collections.delete(icid)
      return
    }
    device.events.set(eventId, { pintid, icid })
    if (waiting !== undefined) {
      waiting.target = this.collections.get(icid)
      return
    }
    const lpi = { target: this.collections.get(icid), pending: false, enabled: false, priority: 0, queuedOn: undefined }
    this.lpis.set(pintid, lpi)
    this.#configure(pintid)
  }

  MAPI({ deviceId, eventId, icid }: Operands<'MAPI'>): void {
    this.MAPTI({ deviceId, eventId, pintid: eventId, icid })
  }

  MOVI({ deviceId, eventId, icid }: Operands<'MOVI'>): void {
    const event = this.#event(deviceId, eventId)
    const target = this.collections.get(icid)
    if (event === undefined || this.#targetOf(event) === undefined || target === undefined) return
    event.icid = icid
    this.lpis.get(event.pintid)!.target = target
  }

  MOVALL({ rdBase, rdBase2 }: Operands<'MOVALL'>): void {
    if (Math.max(rdBase, rdBase2) >= this.#world.vcpus) return
    for (const lpi of this.lpis.values()) if (lpi.target === rdBase) lpi.target = rdBase2
  }

  DISCARD({ deviceId, eventId }: Operands<'DISCARD'>): void {
    const event = this.#event(deviceId, eventId)
    if (event === undefined || this.#targetOf(event) === undefined) return
    this.devices.get(deviceId)!.events.delete(eventId)
    this.#dropUnreferenced()
  }

  INT({ deviceId, eventId }: Operands<'INT'>): void {
    this.msi(deviceId, eventId)
  }

  CLEAR({ deviceId, eventId }: Operands<'CLEAR'>): void {
    const event = this.#event(deviceId, eventId)
    if (event !== undefined) this.lpis.get(event.pintid)!.pending = false
  }

  INV({ deviceId, eventId }: Operands<'INV'>): void {
    const event = this.#event(deviceId, eventId)
    if (event !== undefined) this.#configure(event.pintid)
  }

  INVALL({ icid }: Operands<'INVALL'>): void {
    const target = this.collections.get(icid)
    if (target === undefined) return
    for (const [intid, lpi] of this.lpis) if (lpi.target === target) this.#configure(intid)
  }

  SYNC(): void {}

  /** 1 when delivered, 0 when not mapped. */
  msi(deviceId: number, eventId: number): 0 | 1 {
    const event = this.#event(deviceId, eventId)
    if (event === undefined || this.#targetOf(event) === undefined) return 0
    this.lpis.get(event.pintid)!.pending = true
    this.#queue(event.pintid)
    return 1
  }

  /**
   * What a vCPU takes: it looks at its queue, sends on what is not for it, and takes the rest by priority, then arrival, as long as
   * the priority, of which five bits count, is above `mask`.
   */
  take(vcpu: number, mask: number): number[] {
    const waiting = this.#arrivals.filter((intid) => this.lpis.get(intid)!.queuedOn === vcpu)
    const mine: number[] = []
    for (const intid of waiting) {
      const lpi = this.lpis.get(intid)!
      if (lpi.pending && lpi.enabled && lpi.target === vcpu) {
        mine.push(intid)
        continue
      }
      this.#unqueue(intid)
      this.#queue(intid)
    }
    const inOrder = mine.sort((a, b) => this.lpis.get(a)!.priority - this.lpis.get(b)!.priority)
    const taken = inOrder.filter((intid) => (this.lpis.get(intid)!.priority & 0xf8) < mask)
    for (const intid of taken) {
      this.lpis.get(intid)!.pending = false
      this.#unqueue(intid)
    }
    this.#dropUnreferenced()
    return taken
  }

  #event(deviceId: number, eventId: number): Event | undefined {
    return this.devices.get(deviceId)?.events.get(eventId)
  }

  #events(): Event[] {
    return [...this.devices.values()].flatMap(({ events }) => [...events.values()])
  }

  #targetOf({ icid }: Event): number | undefined {
    return icid === undefined ? undefined : this.collections.get(icid)
  }

  #configure(intid: number): void {
    const lpi = this.lpis.get(intid)!
    const config = this.#world.config(intid)
    const priority = config & 0xfc
    if (lpi.queuedOn !== undefined && priority !== lpi.priority) {
      this.#arrivals = [...this.#arrivals.filter((other) => other !== intid), intid]
    }
    lpi.enabled = (config & 1) === 1
    lpi.priority = priority
    this.#queue(intid)
  }

  #queue(intid: number): void {
    const lpi = this.lpis.get(intid)!
    if (!lpi.pending || !lpi.enabled || lpi.target === undefined || lpi.queuedOn !== undefined) return
    lpi.queuedOn = lpi.target
    this.#arrivals.push(intid)
  }

  #unqueue(intid: number): void {
    this.lpis.get(intid)!.queuedOn = undefined
    this.#arrivals = this.#arrivals.filter((other) => other !== intid)
  }

  #dropUnreferenced(): void {
    const named = new Set(this.#events().map(({ pintid }) => pintid))
    for (const [intid, lpi] of this.lpis) if (!named.has(intid) && lpi.queuedOn === undefined) this.lpis.delete(intid)
  }
}
