import { Guest, SAVE } from '../guests/guest.ts'
import type { GuestMapping } from '../guests/guest-view.ts'
import type { GuestHardware } from '../guests/machines.ts'
import type { NestedHost } from '../guests/nested-host.ts'
import { type Checked, type Repaired, vitsChecks, vitsRepairs } from '../guests/vits.ts'
import { eventOfLpi } from './load-truth.ts'
import { mayBeInHandler, pendingInFile, withoutPending } from './pending-bits.ts'
import { goesOn, progressOf } from './progress.ts'
import { bootUnderLoad, type LoadedGuest } from './under-load.ts'

/** One of the three files, what vits says of it, and what the guest did once a real KVM had restored it. */
export interface Trial {
  readonly file: string
  readonly said: Checked
  /** Reads of the disk whose interrupt it is about. */
  readonly reads: number
  /** Reads of the other disks meanwhile. */
  readonly others: number
}

/** A lost interrupt and its cure. */
export interface LostInterrupt {
  readonly event: GuestMapping
  readonly vcpu: number
  /** The save as it was. */
  readonly saved: Trial
  /** The same without the pending bit. */
  readonly lost: Trial
  readonly repair: Repaired
  /** What `vits repair` made of it; undefined when it wrote nothing. */
  readonly repaired: Trial | undefined
}

/** A disk that goes on has had at least so many interrupts. */
const INTERRUPTS = 20
/** A save that serves is soon found: one of three does. */
const MOST_SAVES = 30

/**
 * Saves a guest that waits for a disk's interrupt, takes the pending bit out of a copy, and lets vits repair that: what a VMM loses
 * that saves its devices after the GIC. A real KVM restores all three, and the guest says how far its disks got. A disk hangs if its
 * interrupt never comes while another device's comes hundreds of times.
 *
 * @throws Error when no save has such an interrupt.
 */
export async function loseAnInterrupt(host: NestedHost, machine: GuestHardware, folder: string): Promise<LostInterrupt> {
  const loaded = await bootUnderLoad(host, machine)
  const file = `${folder}/saved.mig`
  const { event, vcpu } = await saveWhileDiskWaits(loaded, () => host.get(SAVE, file), file)
  const trial = async (path: string): Promise<Trial> => {
    await host.put(path, SAVE)
    const guest = await Guest.restore(host, machine)
    await guest.goOn()
    const { reads } = await goesOn(guest, loaded.view, { lpis: [event.lpi], times: INTERRUPTS })
    const all = [...reads.values()].reduce((sum, count) => sum + count, 0)
    const own = reads.get(event.function) ?? 0
    return { file: path, said: vitsChecks(path), reads: own, others: all - own }
  }
  const saved = await trial(file)
  await withoutPending(file, `${folder}/lost.mig`, { lpi: event.lpi, vcpu })
  const lost = await trial(`${folder}/lost.mig`)
  const repair = vitsRepairs(lost.file, `${folder}/repaired.mig`)
  const repaired = repair.wrote ? await trial(`${folder}/repaired.mig`) : undefined
  return { event, vcpu, saved, lost, repair, repaired }
}

/**
 * Saves until a disk's interrupt is pending on a vCPU that is in no handler, which would look like a lost interrupt. What KVM has
 * pending must all be in the tables: QEMU waits for disks after it has had them saved, and can lose one itself.
 */
async function saveWhileDiskWaits({ guest, view }: LoadedGuest, fetch: () => Promise<void>, file: string) {
  const disks = (await progressOf(guest, view)).reads
  for (let count = 0; count < MOST_SAVES; count++) {
    await guest.save()
    const pending = await guest.pendingLpis()
    await fetch()
    const inFile = await pendingInFile(file)
    for (const [lpi, vcpu] of inFile.size === pending.size ? inFile : []) {
      const event = eventOfLpi(view, lpi)
      if (event !== undefined && disks.has(event.function) && !(await mayBeInHandler(file, vcpu))) return { event, vcpu }
    }
    await guest.goOn()
    await guest.run('sleep 1')
  }
  throw new Error(`no disk's interrupt was pending for a vCPU in no handler in ${MOST_SAVES} saves`)
}
