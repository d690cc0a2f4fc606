import { writeFileSync } from 'node:fs'
import type { EventName } from './events.ts'
import { Guest, RestoreRefused, SAVE } from './guest.ts'
import { type GuestView, guestView } from './guest-view.ts'
import type { GuestMachine } from './machines.ts'
import type { NestedHost } from './nested-host.ts'
import { judge, type Truth, type Verdict } from './verdict.ts'
import { type Repaired, type Said, vitsRepairs, vitsSays } from './vits.ts'

/** What one save of a guest came to. */
export interface Row {
  /** MACHINE-NUMBER-EVENT: also the name of its files. */
  readonly name: string
  readonly verdict: Verdict
  readonly truth?: Truth
  readonly said?: Said
  readonly repaired?: Repaired
  /** The save as it was did not restore, but the repaired one did. */
  readonly rescued?: boolean
  readonly seconds: number
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
  for (const [index, event] of machine.life.entries()) {
    const start = performance.now()
    const name = `${machine.name}-${index}-${event}`
    const seconds = () => (performance.now() - start) / 1000
    try {
      guest ??= await Guest.boot(host, machine)
      const save = await saved(guest, { host, event, file: `${folder}/${name}.mig` })
      const said = vitsSays(save.file)
      const { machine: now } = guest
      const restored = await restore(host, now)
      const truth: Truth = { live: save.live, restore: restored.restore }
      guest = restored.guest
      const repaired = said.read && said.exit !== 0 ? vitsRepairs(save.file, `${save.file}.repaired`) : undefined
      if (guest === undefined && repaired?.wrote) guest = await rescued(host, now, `${save.file}.repaired`)
      const rescue = restored.guest === undefined && repaired?.wrote ? { rescued: guest !== undefined } : {}
      writeFileSync(`${folder}/${name}.truth.json`, truthJson(save.view, truth))
      yield {
        name,
        verdict: judge(truth, said, repaired),
        truth,
        said,
        ...(repaired && { repaired }),
        ...rescue,
        seconds: seconds(),
      }
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
  readonly live: ReadonlySet<number>
}

/** Lets the event happen, asks the guest and KVM what is mapped, saves, and fetches the save. */
async function saved(guest: Guest, what: { host: NestedHost; event: EventName; file: string }): Promise<Save> {
  await guest.happen(what.event)
  const view = guestView(await guest.run('view'))
  const live = await guest.lpis()
  const unknown = [...live].filter((lpi) => !view.mappings.some((mapping) => mapping.lpi === lpi))
  if (unknown.length > 0) throw new Error(`KVM has LPIs that the guest does not know: ${unknown.join(' ')}`)
  await guest.save()
  await what.host.get(SAVE, what.file)
  return { file: what.file, view, live }
}

/** Restores the host's save; no guest when KVM refuses. */
async function restore(
  host: NestedHost,
  machine: GuestMachine,
): Promise<{ guest: Guest | undefined; restore: Truth['restore'] }> {
  try {
    const guest = await Guest.restore(host, machine)
    const lpis = await guest.lpis()
    return { guest, restore: { done: true, lpis, silent: await silentDevices(guest) } }
  } catch (error) {
    if (!(error instanceof RestoreRefused)) throw error
    return { guest: undefined, restore: { done: false, why: error.message } }
  }
}

/** Lets the guest go on; the devices that do not answer. */
async function silentDevices(guest: Guest): Promise<string[]> {
  await guest.goOn()
  const said = await guest.run('alive', 200)
  return [...said.matchAll(/^dead (\S+)$/gm)].map(([, name]) => name!)
}

async function rescued(host: NestedHost, machine: GuestMachine, file: string): Promise<Guest | undefined> {
  await host.put(file, SAVE)
  return (await restore(host, machine)).guest
}

const truthJson = (view: GuestView, truth: Truth) =>
  `${JSON.stringify({ guest: view, live: [...truth.live], restore: truth.restore }, (_, value) => (value instanceof Set ? [...value] : value), 1)}\n`
