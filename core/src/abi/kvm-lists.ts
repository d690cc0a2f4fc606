import type { Gpa } from '../memory/index.ts'

/** An event as KVM has it mapped. */
export interface ListedEvent {
  readonly lpi: number
  readonly icid: number
  /** The RDbase of its collection; undefined where that is not mapped. */
  readonly rdBase: number | undefined
}

/** A device as KVM has it mapped, with at least one event. */
export interface ListedDevice {
  readonly eventIdBits: number
  readonly events: ReadonlyMap<number, ListedEvent>
}

/** What KVM's debugfs tells of one ITS: its devices that have events. Those without are not told. */
export interface ListedIts {
  /** The address of its frames, where the name of the file tells it. */
  readonly base: Gpa | undefined
  readonly devices: ReadonlyMap<number, ListedDevice>
}

/** What KVM's debugfs told of a VM while it ran, at one moment or several. */
export interface KvmLists {
  /** Of each ITS at most one. */
  readonly itses: readonly ListedIts[]
  /** The LPIs that the VM has mapped, whatever their events; undefined where that was not taken. */
  readonly lpis: ReadonlySet<number> | undefined
}
