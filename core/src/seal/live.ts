import { BLOCK_WORDS, EVENT_WORDS, type Its } from '../its/index.ts'
import { DtePlaces } from '../tables/index.ts'

/** Calls `visit` for every event of a device, in EventID order; `index` is its place in `events.words`. */
export function eachEvent({ events }: Its, slot: number, visit: (eventId: number, index: number) => void): void {
  for (let block = events.firstBlock(slot); block !== 0; block = events.nextBlock(block)) {
    let eventId = events.firstEvent(block)
    let index = events.blockIndex(block)
    for (const beyond = index + BLOCK_WORDS; index < beyond; index += EVENT_WORDS, eventId++) {
      if (events.words[index] !== 0) visit(eventId, index)
    }
  }
}

/** The slots of the devices that have a place in the device table, in DeviceID order. */
export function storableSlots(its: Its): number[] {
  const { devices } = its
  const places = new DtePlaces(its)
  const slots: number[] = []
  for (let slot = devices.first(); slot >= 0; slot = devices.after(slot)) {
    if (places.at(devices.deviceId[slot]!) >= 0) slots.push(slot)
  }
  return slots
}
