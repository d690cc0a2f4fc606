import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { kernelImage } from '../cache.ts'
import { bootWithOrphans, everyDump, saveWithState } from '../captures/captures.ts'
import { Guest } from '../guests/guest.ts'
import { type GuestHardware, machines } from '../guests/machines.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel, parts } from '../guests/parts.ts'
import { unfixedKernel } from '../guests/unfixed.ts'

/** The kernel whose debugfs is read: 6.16 or newer. */
const NEWER = '7.3.4'
/** Both QEMUs that dump it have this version of the machine. */
const machine: GuestHardware = { ...machines.find(({ name }) => name === 'virt')!, machine: 'virt-7.2' }

/** Makes what `fixtures/dumps` and `fixtures/live` hold: dumps of every kind of one moment, and what debugfs says of a VM. */
export async function captures(args: string[]): Promise<number> {
  const { out } = parseArgs({ args, options: { out: { type: 'string', default: `${parts.folder}captures` } } }).values
  mkdirSync(out, { recursive: true })
  const orphans = async (host: NestedHost, name: string) =>
    saveWithState(host, await bootWithOrphans(host, machine), `${out}/${name}`)
  await onHost(await unfixed(hostKernel), (host) => orphans(host, 'orphans'))
  await onHost(kernelImage(hostKernel), async (host) => {
    for (const qemu of ['bookworm', 'sid'] as const) {
      await everyDump(host, { ...machine, qemu }, `${out}/orphans.mig`, `${out}/${qemu}`)
    }
  })
  await onHost(await unfixed(NEWER), (host) => orphans(host, `orphans-${NEWER}`))
  await onHost(kernelImage(NEWER), async (host) => {
    await saveWithState(host, await Guest.boot(host, machine), `${out}/healthy-${NEWER}`)
  })
  console.log(out)
  return 0
}

const unfixed = (kernel: string) => unfixedKernel(() => NestedHost.boot(kernelImage(kernel)), kernel)

async function onHost(image: string, body: (host: NestedHost) => Promise<void>): Promise<void> {
  const host = await NestedHost.boot(image)
  try {
    await body(host)
  } finally {
    host.stop()
  }
}
