import { writeFileSync } from 'node:fs'
import { Guest, SAVE } from '../guests/guest.ts'
import type { GuestHardware } from '../guests/machines.ts'
import type { NestedHost } from '../guests/nested-host.ts'
import { blanked } from './blanked.ts'

/** The VM of a host's debugfs: there is one. */
const STATE = '/sys/kernel/debug/kvm/*-*/'
const DUMP_SECONDS = 300

/** Boots a guest and lets it give up devices that were saved before: where KVM does not clear their entries, they are orphans. */
export async function bootWithOrphans(host: NestedHost, machine: GuestHardware): Promise<Guest> {
  const guest = await Guest.boot(host, machine)
  await guest.save()
  await guest.goOn()
  await guest.happen('unbind')
  await guest.happen('heads')
  return guest
}

/**
 * Saves a guest, and takes what its host's debugfs says of it in that moment: NAME.mig, blanked, NAME.guest-view.txt,
 * NAME.vgic-state.txt, and NAME.vgic-its-state.txt where the kernel has that, Linux 6.16.
 */
export async function saveWithState(host: NestedHost, guest: Guest, name: string): Promise<void> {
  writeFileSync(`${name}.guest-view.txt`, await guest.run('view'))
  await guest.save()
  for (const file of ['vgic-state', 'vgic-its-state@*']) {
    const { status, output } = await host.shell.run(`cat ${STATE}${file}`)
    if (status === 0) writeFileSync(`${name}.${file.replace('@*', '')}.txt`, output)
  }
  await host.get(SAVE, `${name}.whole`)
  await blanked(`${name}.whole`, `${name}.mig`)
}

/**
 * Restores a save, which must not be run, and lets QEMU write it in every way it has: a dump of each format, the state of its devices,
 * and a stream. All have the same RAM.
 */
export async function everyDump(host: NestedHost, machine: GuestHardware, save: string, name: string): Promise<void> {
  await host.put(save, SAVE)
  const guest = await Guest.restore(host, machine)
  const take = async (remote: string, kind: string) => {
    await host.get(remote, `${name}.${kind}`)
    await host.shell.must(`rm ${remote}`)
  }
  const { formats } = await guest.execute<{ formats: readonly string[] }>('query-dump-guest-memory-capability')
  for (const format of formats) {
    const remote = `/tmp/dump.${format}`
    await guest.execute('dump-guest-memory', { paging: false, protocol: `file:${remote}`, format }, DUMP_SECONDS)
    await take(remote, format)
  }
  await guest.execute('xen-save-devices-state', { filename: '/tmp/devices', live: false })
  await take('/tmp/devices', 'devices')
  writeFileSync(`${name}.vgic-state.txt`, await host.shell.must(`cat ${STATE}vgic-state`))
  await guest.save()
  await take(SAVE, 'mig')
}
