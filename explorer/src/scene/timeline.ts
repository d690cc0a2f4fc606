import { hex } from '@vits/core/abi'
import { guestThen, orphansOf, type QueueCommand, queueCommands, type Scene } from '@vits/core/audit'

/** A device was mapped from the command in one place of the timeline to that in another, or is still. */
export interface Life {
  readonly from: number
  readonly to: number | undefined
  /** The MAPD that began it is not in the queue any more. */
  readonly isOlder: boolean
}

/** A command that matters: the one that unmapped what is still valid in RAM. */
export interface Moment {
  /** How many commands were executed with it. */
  readonly after: number
  readonly deviceId: number
  readonly says: string
}

/** The commands of one ITS that tell of this life of it, in the order in which the guest wrote them. */
export interface Timeline {
  readonly commands: number
  readonly moments: readonly Moment[]
}

/** Moments that are listed. */
const MOST_MOMENTS = 64

/** The commands of this life: of a whole history, what lies behind CWRITER is an earlier life's. */
export const commandsOf = (scene: Scene): readonly QueueCommand[] => scene.once(listed)

function listed(scene: Scene): readonly QueueCommand[] {
  const all = queueCommands(scene.memory, scene.saved)
  return isWhole(scene) ? all.filter(({ when }) => when !== 'earlier') : all
}

const isWhole = ({ beliefs }: Scene): boolean => beliefs.history.state === 'whole'

export function timelineOf(scene: Scene): Timeline {
  const { orphans } = orphansOf(scene)
  const last = new Map<number, Moment>()
  for (const [i, { command, says }] of commandsOf(scene).entries()) {
    if (command?.name !== 'MAPD' || command.args.valid || !orphans.hasDevice(command.args.deviceId)) continue
    const { deviceId } = command.args
    last.set(deviceId, { after: i + 1, deviceId, says })
  }
  const moments = [...last.values()].sort((a, b) => a.after - b.after)
  return { commands: commandsOf(scene).length, moments: moments.slice(0, MOST_MOMENTS) }
}

/** When each device that the commands name was mapped. */
export function livesOf(scene: Scene): ReadonlyMap<number, readonly Life[]> {
  const lives = new Map<number, Life[]>()
  for (const [i, { command, when }] of commandsOf(scene).entries()) {
    if (command === undefined || when === 'pending' || !('deviceId' in command.args)) continue
    const { deviceId } = command.args
    const of = lives.get(deviceId) ?? []
    const open = of.at(-1)?.to === undefined ? of.at(-1) : undefined
    if (command.name === 'MAPD') {
      if (open !== undefined) of[of.length - 1] = { ...open, to: i }
      else if (!command.args.valid && of.length === 0 && !isWhole(scene)) of.push({ from: 0, to: i, isOlder: true })
      if (command.args.valid) of.push({ from: i, to: undefined, isOlder: false })
    } else if (of.length === 0 && !isWhole(scene)) of.push({ from: 0, to: undefined, isOlder: true })
    if (of.length > 0) lives.set(deviceId, of)
  }
  return lives
}

/** One command that names a device. */
export interface DeviceCommand {
  /** How many commands were executed with it. */
  readonly after: number
  readonly says: string
  readonly at: string
  readonly isUnmapping: boolean
}

/** The last commands that name a device, oldest first. */
export function commandsNaming(scene: Scene, deviceId: number, most: number): readonly DeviceCommand[] {
  const naming = commandsOf(scene).flatMap(({ command, says, at }, i) => {
    if (command === undefined || !('deviceId' in command.args) || command.args.deviceId !== deviceId) return []
    const isUnmapping = command.name === 'DISCARD' || (command.name === 'MAPD' && !command.args.valid)
    return [{ after: i + 1, says, at: hex(at), isUnmapping }]
  })
  return naming.slice(-most)
}

/** What the guest had mapped at one place of the timeline, as columns: the events of `deviceIds[i]` are `first[i]` to `first[i + 1]`. */
export interface GuestMoment {
  readonly after: number
  /** The command that was executed last; nothing before the first. */
  readonly says: string
  readonly at: string
  readonly deviceId: number | undefined
  readonly collections: number
  readonly deviceIds: Uint32Array
  readonly first: Uint32Array
  readonly eventIds: Uint32Array
}

/** What the guest had mapped after the first `after` commands of the timeline. */
export function guestAfter(scene: Scene, after: number): GuestMoment {
  const command = commandsOf(scene)[after - 1]
  const none = { after: 0, says: '', at: '', deviceId: undefined, collections: 0, first: new Uint32Array(1) }
  if (command === undefined) return { ...none, deviceIds: new Uint32Array(), eventIds: new Uint32Array() }
  const { devices, collections } = guestThen(scene.memory, scene.saved, command.slot, isWhole(scene))
  const mapped = [...devices.values()].filter((device) => device.mapped).sort((a, b) => a.deviceId - b.deviceId)
  const first = new Uint32Array(mapped.length + 1)
  for (const [i, { events }] of mapped.entries()) first[i + 1] = first[i]! + events.size
  const args = command.command?.args
  return {
    after,
    says: command.says,
    at: hex(command.at),
    deviceId: args !== undefined && 'deviceId' in args ? args.deviceId : undefined,
    collections: [...collections.values()].filter(({ rdBase }) => rdBase !== undefined).length,
    deviceIds: Uint32Array.from(mapped, ({ deviceId }) => deviceId),
    first,
    eventIds: Uint32Array.from(mapped.flatMap(({ events }) => [...events.keys()].sort((a, b) => a - b))),
  }
}
