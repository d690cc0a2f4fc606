import { writeFileSync } from 'node:fs'
import type { EventName } from './events.ts'
import { Guest, RestoreRefused, SAVE } from './guest.ts'
import { type GuestView, guestView } from './guest-view.ts'
import type { GuestMachine } from './machines.ts'
import type { NestedHost } from './nested-host.ts'
import { ask, type Row, TRUTH } from './row.ts'
import { formatTruth, type Truth } from './truth.ts'

const REPAIRED = '.repaired'

interface Restored {
  readonly guest: Guest | undefined
  readonly restore: Truth['restore']
}

export interface LifeOptions {
  readonly host: NestedHost
  readonly machine: GuestMachine
  /** Where saves and what is true of them go. */
  readonly folder: string
}

/**
 * Lives through a machine's events. After each the guest is saved, vits is asked, a real KVM restores the save, and the guest is
 * asked what works; it lives on as restored. A save that is refused ends the life, unless vits repairs it.
 */
export async function* live({ host, machine, folder }: LifeOptions): AsyncGenerator<Row> {
  let guest: Guest | undefined
  let ghosts: ReadonlySet<number> = new Set()
  for (const [index, event] of machine.life.entries()) {
    const start = performance.now()
    const name = `${machine.name}-${index}-${event}`
    const seconds = () => (performance.now() - start) / 1000
    try {
      guest ??= await Guest.boot(host, machine)
      const save = await saved(guest, { host, event, ghosts, file: `${folder}/${name}.mig` })
      const { machine: now } = guest
      const restored = await restore(host, now, save)
      const truth: Truth = { live: new Set(save.live.keys()), astray: astray(save, save.live), restore: restored.restore }
      writeFileSync(`${folder}/${name}${TRUTH}`, formatTruth(truth, save.view))
      const asked = ask({ file: save.file, truth, repairInto: `${save.file}${REPAIRED}` })
      ghosts = ghostsOf(truth)
      guest = restored.guest ?? (asked.repaired?.wrote ? await rescued(host, now, save) : undefined)
      const rescue = restored.guest === undefined && asked.repaired?.wrote ? { rescued: guest !== undefined } : {}
      yield { name, truth, ...asked, ...rescue, seconds: seconds() }
      if (guest === undefined) return
    } catch (error) {
      yield { name, verdict: { kind: 'lab failed', why: String(error) }, seconds: seconds() }
      return
    }
  }
}

interface Save {
  readonly file: string
  readonly view: GuestView
  /** LPIs with their vCPUs, as KVM has them. */
  readonly live: ReadonlyMap<number, number>
}

/** How many live events KVM has on another CPU than the guest has aimed them at. */
const astray = ({ view, live }: Save, lpis: ReadonlyMap<number, number>): number =>
  view.mappings.filter(({ lpi, cpu }) => live.has(lpi) && lpis.has(lpi) && cpu !== null && lpis.get(lpi) !== cpu).length

/** LPIs that a restore brought back from the dead: KVM has them, and the guest does not know. */
const ghostsOf = ({ live, restore }: Truth): ReadonlySet<number> =>
  new Set(restore.done ? [...restore.lpis].filter((lpi) => !live.has(lpi)) : [])

interface Wanted {
  readonly host: NestedHost
  readonly event: EventName
  readonly ghosts: ReadonlySet<number>
  readonly file: string
}

/**
 * Lets the event happen, asks the guest and KVM what is mapped, saves, and fetches the save.
 *
 * @throws Error when KVM has an LPI that neither the guest knows nor an earlier restore brought.
 */
async function saved(guest: Guest, what: Wanted): Promise<Save> {
  await guest.happen(what.event)
  const view = guestView(await guest.run('view'))
  const known = new Set(view.mappings.map(({ lpi }) => lpi))
  const mapped = await guest.lpis()
  const live = new Map([...mapped].filter(([lpi]) => known.has(lpi)))
  const unknown = [...mapped.keys()].filter((lpi) => !known.has(lpi) && !what.ghosts.has(lpi))
  if (unknown.length > 0) throw new Error(`KVM has LPIs that the guest does not know: ${unknown.join(' ')}`)
  await guest.save()
  await what.host.get(SAVE, what.file)
  return { file: what.file, view, live }
}

/** Restores the host's save; no guest when KVM refuses. */
async function restore(host: NestedHost, machine: GuestMachine, save: Save): Promise<Restored> {
  try {
    const guest = await Guest.restore(host, machine)
    const lpis = await guest.lpis()
    const silent = await silentDevices(guest)
    return { guest, restore: { done: true, lpis: new Set(lpis.keys()), misdirected: astray(save, lpis), silent } }
  } catch (error) {
    if (!(error instanceof RestoreRefused)) throw error
    return { guest: undefined, restore: { done: false, why: error.message } }
  }
}

/** Lets the guest go on; the devices that do not answer, asked twice: a slow machine is not a dead device. */
async function silentDevices(guest: Guest): Promise<string[]> {
  await guest.goOn()
  const ask = async (seconds: number) => {
    const said = await guest.run(`alive ${seconds}`, 200)
    return [...said.matchAll(/^dead (\S+)$/gm)].map(([, name]) => name!)
  }
  const silent = await ask(20)
  return silent.length === 0 ? silent : ask(60)
}

async function rescued(host: NestedHost, machine: GuestMachine, save: Save): Promise<Guest | undefined> {
  await host.put(`${save.file}${REPAIRED}`, SAVE)
  return (await restore(host, machine, save)).guest
}
