import { spawn } from 'node:child_process'
import { isDeepStrictEqual } from 'node:util'
import type { LiveDocument } from '@vits/core/documents'
import { type Guest, SAVE } from '../guests/guest.ts'
import type { NestedHost } from '../guests/nested-host.ts'
import { KERNEL, type Report, ROOT, vitsChecks } from '../guests/vits.ts'
import { QmpRelay } from './relay.ts'

/** What vits said of a guest that ran, and of the same once it was paused: then nothing changes in its RAM. */
export interface LookedAt {
  readonly running: LiveDocument
  /** The exit code of `vits live` for the guest that ran. */
  readonly exit: number
  readonly paused: LiveDocument
  /** QEMU's word for it after that. */
  readonly status: string
  /** Milliseconds of stop, xen-save-devices-state and cont alone. */
  readonly ownPause: number
  /** What differs between what was said of the guest that was paused, of the case that was made then, and of a save made then: nothing. */
  readonly differing: readonly string[]
  /** What the guest's devices said at the end: what `alive` prints. */
  readonly alive: string
}

/** What a verdict is made of. */
const compared = ['verdict', 'errno', 'lost', 'revived', 'misdirected', 'orphans', 'findings'] as const

/**
 * Lets `vits live` look at a guest that runs, and again once it is paused and can be saved as it is; then the guest goes on and is asked
 * whether its devices work. A real QEMU with KVM is asked for all of it, through a relay of its monitor.
 *
 * @throws Error with the words of vits when it prints no document.
 */
export async function lookAt(host: NestedHost, guest: Guest, folder: string): Promise<LookedAt> {
  const { exit, said: running } = await vitsLive(host, guest, folder)
  const ownPause = await pauseOfQemu(guest)
  await guest.execute('stop')
  const { said: paused } = await vitsLive(host, guest, folder)
  const { status } = await guest.execute<{ status: string }>('query-status')
  await guest.save()
  await host.get(SAVE, `${folder}/saved.mig`)
  const others = [`${folder}/live.vits`, `${folder}/saved.mig`].map(checked)
  const differing = compared.filter((key) => !others.every((other) => isDeepStrictEqual(other[key], paused[key])))
  await guest.goOn()
  const alive = await guest.run('alive 20', 200)
  return { running, exit, paused, status, ownPause, differing, alive }
}

async function pauseOfQemu(guest: Guest): Promise<number> {
  const start = performance.now()
  await guest.execute('stop')
  await guest.execute('xen-save-devices-state', { filename: '/tmp/devices', live: false })
  await guest.goOn()
  return performance.now() - start
}

/** Nothing here may wait for it in the thread that relays. */
async function vitsLive(host: NestedHost, guest: Guest, folder: string) {
  const socket = `${folder}/monitor`
  const relay = await QmpRelay.listen(host, socket, await guest.execute('query-version'))
  try {
    const args = ['live', '--json', '--kernel', KERNEL, '--max-pause', '20000', '-o', `${folder}/live.vits`, '--force', socket]
    const child = spawn(process.execPath, ['cli/bin/vits.js', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    const [told, complained] = [textOf(child.stdout), textOf(child.stderr)]
    const exit = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? -1)))
    if ((await told) === '') throw new Error(`vits live ended with ${exit}: ${await complained}`)
    return { exit, said: JSON.parse(await told) as LiveDocument }
  } finally {
    await relay.close()
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  for await (const piece of stream) text += String(piece)
  return text
}

function checked(file: string): Report {
  const said = vitsChecks(file)
  if (!said.read) throw new Error(`vits check of ${file}: ${said.why}`)
  return said.report
}
