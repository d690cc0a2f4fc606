import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Guest, SAVE } from '../guests/guest.ts'
import { type GuestView, guestView } from '../guests/guest-view.ts'
import type { GuestHardware } from '../guests/machines.ts'
import type { NestedHost } from '../guests/nested-host.ts'
import { type Checked, vitsChecks, vitsRepairs } from '../guests/vits.ts'
import { formatLoadTruth, type LoadTruth, parseLoadTruth } from './load-truth.ts'
import { pendingInFile } from './pending-bits.ts'
import { goesOn } from './progress.ts'

/** Ends the name of the file that holds what is true of a save under load. */
const TRUTH = '.guest-view.txt'

/** A save under load: what is true of it, what its tables hold, and what vits says. */
export interface LoadRow {
  readonly name: string
  readonly truth: LoadTruth
  /** LPIs that are pending in the tables that were saved, and the vCPU whose table has each. */
  readonly inFile: ReadonlyMap<number, number>
  readonly said: Checked
}

export interface LoadOptions {
  readonly host: NestedHost
  readonly machine: GuestHardware
  readonly saves: number
  /** Where saves and what is true of them go. */
  readonly folder: string
}

/** A guest whose disks and network card are never idle, and the LPIs that come while they are not. */
export interface LoadedGuest {
  readonly guest: Guest
  readonly text: string
  readonly view: GuestView
  readonly busy: readonly number[]
}

/** Boots a machine and puts it under load. */
export async function bootUnderLoad(host: NestedHost, machine: GuestHardware): Promise<LoadedGuest> {
  const guest = await Guest.boot(host, machine)
  const text = await guest.run('view')
  const view = guestView(text)
  await guest.run('load >/tmp/load 2>&1')
  const { interrupts } = await goesOn(guest, view)
  return { guest, text, view, busy: [...interrupts].flatMap(([lpi, count]) => (count > 0 ? [lpi] : [])) }
}

/**
 * Saves a guest under load again and again. Each save is restored by a real KVM, and the guest lives on as restored. Where a queue
 * stands still after that, what `vits repair -y` makes of the save is restored too, and the guest is booted anew.
 */
export async function* savesUnderLoad({ host, machine, saves, folder }: LoadOptions): AsyncGenerator<LoadRow> {
  let loaded: LoadedGuest | undefined
  for (let count = 0; count < saves; count++) {
    loaded ??= await bootUnderLoad(host, machine)
    const name = `${machine.name}-${count}`
    const file = `${folder}/${name}.mig`
    await loaded.guest.save()
    const pending = await loaded.guest.pendingLpis()
    await host.get(SAVE, file)
    const { guest, still } = await restored(host, machine, loaded)
    const stillRepaired = still.length === 0 ? undefined : await asRepaired(host, machine, { loaded, file })
    const truth = { view: loaded.text, pending, still, ...(stillRepaired && { stillRepaired }) }
    loaded = still.length === 0 ? { ...loaded, guest } : undefined
    writeFileSync(`${folder}/${name}${TRUTH}`, formatLoadTruth(truth))
    yield await asked(folder, name, truth)
  }
}

/** Restores the host's save, lets the guest go on, and tells what stands still. */
async function restored(host: NestedHost, machine: GuestHardware, { view, busy }: LoadedGuest) {
  const guest = await Guest.restore(host, machine)
  await guest.goOn()
  const { interrupts } = await goesOn(guest, view, { lpis: busy, times: 1 })
  return { guest, still: busy.filter((lpi) => interrupts.get(lpi) === 0) }
}

/** What stands still once the save is restored as vits repairs it; undefined when vits repairs nothing. */
async function asRepaired(host: NestedHost, machine: GuestHardware, { loaded, file }: { loaded: LoadedGuest; file: string }) {
  const repaired = `${file}.repaired`
  if (!vitsRepairs(file, repaired).wrote) return undefined
  await host.put(repaired, SAVE)
  rmSync(repaired)
  return (await restored(host, machine, loaded)).still
}

/** Asks vits anew about the saves that a run left in a folder: nothing is booted. */
export async function* askAgainUnderLoad(folder: string): AsyncGenerator<LoadRow> {
  for (const file of readdirSync(folder).sort()) {
    if (!file.endsWith(TRUTH)) continue
    yield await asked(folder, file.slice(0, -TRUTH.length), parseLoadTruth(readFileSync(`${folder}/${file}`, 'utf8')))
  }
}

async function asked(folder: string, name: string, truth: LoadTruth): Promise<LoadRow> {
  const file = `${folder}/${name}.mig`
  return { name, truth, inFile: await pendingInFile(file), said: vitsChecks(file) }
}
