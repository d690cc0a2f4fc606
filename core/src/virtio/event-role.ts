import type { MsiFunction } from '../abi/index.ts'
import type { VirtioDevice } from './device.ts'
import { queueRole } from './kinds.ts'

/** What an event tells its driver of. */
export interface EventRole {
  readonly deviceId: number
  readonly eventId: number
  /** The index of its ITS. */
  readonly its: number
  /** The section of the function: `0000:00:02.0/virtio-blk`. */
  readonly function: string
  /** `configuration` or the queue's: `request queue 0`. Several where they share the event. */
  readonly roles: readonly string[]
}

/** The vector of a function that says where its MSI goes, and the event it is there. */
export interface EventOfVector {
  readonly eventId: number
  readonly its: number
  /** The function has MSI-X on, and neither it nor the vector is masked. */
  readonly isOn: boolean
}

/** The functions with MSI-X by their sections. */
export type MsixFunctions = ReadonlyMap<string, MsiFunction>

export const msixFunctions = (functions: readonly MsiFunction[]): MsixFunctions =>
  new Map(functions.filter(({ kind }) => kind === 'MSI-X').map((one) => [one.name, one]))

/** The event that a vector of the function of that section is set to; undefined where it is set to none that is known. */
export function eventOfVector(functions: MsixFunctions, section: string, vector: number): EventOfVector | undefined {
  const msix = functions.get(section)
  const { target, data, masked } = msix?.vectors[vector] ?? {}
  if (msix === undefined || target === undefined || data === undefined) return undefined
  if (target.kind === 'unset' || target.kind === 'elsewhere') return undefined
  return { eventId: data, its: target.its, isOn: msix.enabled && masked === false }
}

/** What the events of virtio functions are for: those that their saved vectors name, in the order of the functions and their vectors. */
export function eventRoles(devices: readonly VirtioDevice[], functions: readonly MsiFunction[]): readonly EventRole[] {
  const msix = msixFunctions(functions)
  return devices.flatMap((device) => {
    const { name, deviceId } = device
    const byVector = new Map<number, string[]>()
    const add = (vector: number | undefined, role: string) => {
      if (vector !== undefined) byVector.set(vector, [...(byVector.get(vector) ?? []), role])
    }
    add(device.configVector, 'configuration')
    for (const { vector, index } of device.queues) add(vector, queueRole(device.kind, index, device.queues.length).name)
    return [...byVector].flatMap(([vector, roles]): EventRole[] => {
      const event = eventOfVector(msix, name, vector)
      return event === undefined ? [] : [{ deviceId, eventId: event.eventId, its: event.its, function: name, roles }]
    })
  })
}
