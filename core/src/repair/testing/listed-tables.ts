import type { Gpa, ReadonlyMemory } from '../../memory/index.ts'
import { type SweepReader, sweepTables, type TableView } from '../../tables/index.ts'

/** A valid entry of a table by its id: DeviceID or EventID. */
export interface Entry {
  readonly id: number
  readonly at: Gpa
  readonly next: number
}

/** A valid DTE with the valid ITEs of its ITT. */
export interface ListedDevice extends Entry {
  readonly ittAddr: Gpa
  readonly eventIdBits: number
  readonly events: Entry[]
}

/** Every valid entry of the device table and the ITTs, in the order of ids, with the place where each lies. */
export function listTables(memory: ReadonlyMemory, view: TableView): ListedDevice[] {
  const lister = new Lister()
  sweepTables(memory, view, lister)
  return lister.devices
}

class Lister implements SweepReader {
  readonly devices: ListedDevice[] = []

  collection(): void {}

  device(id: number, ittAddr: Gpa, eventIdBits: number, next: number, at: Gpa): void {
    this.devices.push({ id, at, next, ittAddr, eventIdBits, events: [] })
  }

  event(_deviceId: number, id: number, _pintid: number, _icid: number, next: number, at: Gpa): void {
    this.devices.at(-1)?.events.push({ id, at, next })
  }
}
