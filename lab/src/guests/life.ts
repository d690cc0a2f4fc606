import { rmSync, writeFileSync } from 'node:fs'
import { type Answers, answersOf } from './answers.ts'
import type { EventName } from './events.ts'
import { Guest, RestoreRefused, SAVE } from './guest.ts'
import { type GuestMapping, type GuestView, guestView } from './guest-view.ts'
import type { GuestHardware, GuestMachine } from './machines.ts'
import type { NestedHost } from './nested-host.ts'
import { ask, judged, type Row, TRUTH } from './row.ts'
import { formatTruth, type Restore, type Truth } from './truth.ts'

/** What vits repaired lies beside the save: here, and on the host. */
const REPAIRED = '.repaired'

interface Restored {
  readonly guest: Guest | undefined
  readonly restore: Restore
}

export interface LifeOptions {
  readonly host: NestedHost
  readonly machine: GuestMachine
  /** Where saves and what is true of them go. */
  readonly folder: string
}

/**
 * Lives through a machine's events. After each the guest is saved and vits is asked; a real KVM restores first what vits repaired, if
 * it changed anything, then the save as it was, and the guest is asked each time what works. It lives on as restored; where KVM
 * refuses the save it lives on as repaired, and without a repair its life ends.
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
      const { asked, truth, lives } = await asVitsAndKvm(host, guest.machine, save)
      writeFileSync(`${folder}/${name}${TRUTH}`, formatTruth(truth, save.view))
      ghosts = ghostsOf(truth.live, lives.restore)
      guest = lives.guest
      yield { name, ...judged(truth, asked), seconds: seconds() }
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
const ghostsOf = (live: ReadonlySet<number>, restore: Restore): ReadonlySet<number> =>
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

/** Asks vits about a save, and a real KVM about it and about what vits repairs; says in which restore the guest lives on. */
async function asVitsAndKvm(host: NestedHost, machine: GuestHardware, save: Save) {
  const file = `${save.file}${REPAIRED}`
  const asked = ask(save.file, file)
  const words = asked.repaired?.wrote ? asked.repaired.words : undefined
  if (words !== undefined) await host.put(file, `${SAVE}${REPAIRED}`)
  rmSync(file, { force: true })
  const restoreRepaired = () => restore(host, machine, save, REPAIRED)
  const repaired = words && { words, restore: (await restoreRepaired()).restore }
  const asSaved = await restore(host, machine, save)
  const lives = !asSaved.restore.done && repaired?.restore.done ? await restoreRepaired() : asSaved
  const live = new Set(save.live.keys())
  const truth: Truth = { live, astray: astray(save, save.live), restore: asSaved.restore, ...(repaired && { repaired }) }
  return { asked, truth, lives }
}

/** Restores the host's save, or what was made of it; no guest when KVM refuses. */
async function restore(host: NestedHost, machine: GuestHardware, save: Save, suffix = ''): Promise<Restored> {
  try {
    const guest = await Guest.restore(host, machine, `${SAVE}${suffix}`)
    const lpis = await guest.lpis()
    const { silent, rang } = await whatWorks(guest, save.view.mappings, machine.unsaved)
    return { guest, restore: { done: true, lpis: new Set(lpis.keys()), misdirected: astray(save, lpis), silent, rang } }
  } catch (error) {
    if (!(error instanceof RestoreRefused)) throw error
    return { guest: undefined, restore: { done: false, why: error.message } }
  }
}

/** Lets the guest go on, and asks it which devices work; twice where some are silent: a slow machine is not a dead device. */
async function whatWorks(guest: Guest, mappings: readonly GuestMapping[], unsaved: readonly string[] = []): Promise<Answers> {
  await guest.goOn()
  const ask = async (seconds: number) => {
    const { silent, rang } = answersOf(await guest.run(`alive ${seconds}`, 200), mappings)
    return { silent: silent.filter((name) => !unsaved.includes(name)), rang }
  }
  const answers = await ask(20)
  return answers.silent.length === 0 ? answers : ask(60)
}
