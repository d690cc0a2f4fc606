/** What the hardware model has to tell beside its registers: each kind with the meaning of an entry. */
export const hardwareEvents = {
  lost: 'an interrupt had nowhere to be kept and is gone',
  misrouted: 'an ITS sent an interrupt to a redistributor that the vPE has left; it is gone',
  refused: 'a command or register write was ignored; hardware may do anything here',
  unpredictable: 'the architecture leaves the outcome open; the model did what the entry says',
  doorbell: 'a doorbell was sent',
} as const satisfies Record<string, string>

export type HardwareEventKind = keyof typeof hardwareEvents

/** One entry of the hardware's log. */
export interface HardwareEvent {
  readonly kind: HardwareEventKind
  readonly says: string
  /** ITS_Number of the ITS concerned. */
  readonly its?: number
  readonly vpeid?: number
  readonly vintid?: number
}

/** A hardware that is asked a million times for the impossible keeps the first entries and counts the rest. */
const KEPT = 1024

/** The hardware's log: real hardware has none, which is why lost interrupts are so hard to find. */
export class HardwareLog {
  readonly #events: HardwareEvent[] = []
  readonly #counts = new Map<HardwareEventKind, number>()

  /** The first 1024 entries. */
  get events(): readonly HardwareEvent[] {
    return this.#events
  }

  /** How many entries of this kind there were. */
  count(kind: HardwareEventKind): number {
    return this.#counts.get(kind) ?? 0
  }

  note(kind: HardwareEventKind, says: string, where: Omit<HardwareEvent, 'kind' | 'says'> = {}): void {
    this.#counts.set(kind, this.count(kind) + 1)
    if (this.#events.length < KEPT) this.#events.push({ kind, says, ...where })
  }
}
