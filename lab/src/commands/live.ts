import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { kernelImage } from '../cache.ts'
import { bootWithOrphans } from '../captures/captures.ts'
import { machines } from '../guests/machines.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { unfixedKernel } from '../guests/unfixed.ts'
import { type LookedAt, lookAt } from '../live/look.ts'

/**
 * Lets `vits live` look at a guest that has orphans and runs, and again once it is paused, and holds what it says then against a save.
 * Exit code 0 if they say the same.
 */
export async function live(args: string[]): Promise<number> {
  const { kernel } = parseArgs({ args, options: { kernel: { type: 'string', default: '6.12' } } }).values
  const { running, ownPause, differing } = await looked(kernel)
  const { verdict, headline, pause, reads, bytes, qemu, findings } = running
  console.log(`${headline}\n${verdict}: ${findings.map(({ code, severity }) => `${code} ${severity}`).join(', ')}`)
  console.log(`QEMU ${qemu} stood still for ${ms(pause.milliseconds ?? 0)}; ${bytes} bytes of RAM in ${reads} pieces`)
  console.log(`Its stop, xen-save-devices-state and cont alone take ${ms(ownPause)} here, where all is emulated.`)
  console.log(
    differing.length === 0
      ? 'Of it paused, a save says the same.'
      : `Of it paused, a save says otherwise: ${differing.join(', ')}`,
  )
  return differing.length === 0 ? 0 : 1
}

const ms = (milliseconds: number) => `${milliseconds.toFixed(0)} ms`

/** Boots a host that leaves orphans, and a guest that gives devices up. */
export async function looked(kernel: string): Promise<LookedAt> {
  const host = await NestedHost.boot(await unfixedKernel(() => NestedHost.boot(kernelImage(kernel)), kernel))
  const folder = mkdtempSync(`${tmpdir()}/vits-live-`)
  try {
    return await lookAt(host, await bootWithOrphans(host, machines.find(({ name }) => name === 'virt')!), folder)
  } finally {
    host.stop()
    rmSync(folder, { recursive: true })
  }
}
