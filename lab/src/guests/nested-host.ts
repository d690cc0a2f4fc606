import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { KERNEL_WORDS, spawnQemu } from '../machine.ts'
import { hostInitramfs } from './host-image.ts'
import { Port } from './port.ts'
import { Shell } from './shell.ts'

/** The host's ports: its own shell, files in and out, and what its guest says on its QMP monitor and in its shell. */
const ports = ['shell', 'files', 'qmp', 'guest'] as const
export type PortName = (typeof ports)[number]

const BOOT_SECONDS = 600

/** A KVM host that runs under QEMU here, and runs QEMU with KVM itself: one guest at a time. */
export class NestedHost {
  readonly shell: Shell
  readonly #ports: Readonly<Record<PortName, Port>>
  readonly #kill: () => void
  readonly #folder: string

  private constructor(opened: Readonly<Record<PortName, Port>>, folder: string, kill: () => void) {
    this.#ports = opened
    this.#folder = folder
    this.#kill = kill
    this.shell = new Shell(opened.shell)
    process.once('exit', kill)
  }

  /** Boots a kernel image as the host. @throws Error when it does not answer. */
  static async boot(kernel: string): Promise<NestedHost> {
    const folder = mkdtempSync(`${tmpdir()}/vits-guests-`)
    let death: string | undefined
    const { child } = spawnQemu(qemuArguments(kernel, folder), 'ignore', { died: (reason) => (death = reason) })
    const opened = await openPorts(folder, () => death)
    const host = new NestedHost(opened, folder, () => child.kill('SIGKILL'))
    try {
      await host.shell.must('true', BOOT_SECONDS)
      return host
    } catch (error) {
      host.stop()
      throw new Error(`the host did not boot: ${death ?? console(folder) ?? String(error)}`)
    }
  }

  /** The port that the host's programs see as /dev/NAME. */
  port(name: PortName): Port {
    return this.#ports[name]
  }

  /** Writes a file of ours into the host. */
  async put(local: string, remote: string): Promise<void> {
    const data = readFileSync(local)
    const received = this.shell.must(`head -c ${data.length} </dev/files >${remote}`, 300)
    this.#ports.files.send(data)
    await received
  }

  /** Fetches a file of the host. */
  async get(remote: string, local: string): Promise<void> {
    const bytes = Number(await this.shell.must(`stat -c %s ${remote}`))
    const sent = this.shell.must(`cat ${remote} >/dev/files`, 300)
    const file = createWriteStream(local)
    const [data] = await Promise.all([this.#ports.files.bytes(bytes, 300), sent])
    await new Promise<void>((resolve, reject) => file.on('error', reject).end(data, resolve))
  }

  /** Ends the host at once. */
  stop(): void {
    process.removeListener('exit', this.#kill)
    for (const port of Object.values(this.#ports)) port.close()
    this.#kill()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function qemuArguments(kernel: string, folder: string): string[] {
  const machine = 'virt,virtualization=on,gic-version=3,its=off'
  const words = `${KERNEL_WORDS} console=ttyAMA0 transparent_hugepage=always`
  const device = (name: PortName) => [
    ...['-chardev', `socket,id=${name},path=${folder}/${name},server=on,wait=off`],
    ...['-device', `virtserialport,chardev=${name},name=${name}`],
  ]
  return [
    ...['-M', machine, '-cpu', 'neoverse-n1', '-smp', '2', '-m', '3G', '-nodefaults', '-display', 'none', '-no-reboot'],
    ...['-kernel', kernel, '-initrd', hostInitramfs(), '-append', words, '-serial', `file:${folder}/console`],
    ...['-device', 'virtio-serial-pci', ...ports.flatMap(device)],
  ]
}

async function openPorts(folder: string, death: () => string | undefined): Promise<Record<PortName, Port>> {
  const opened: [PortName, Port][] = []
  for (const name of ports) {
    for (;;) {
      const reason = death()
      if (reason !== undefined) throw new Error(reason)
      try {
        opened.push([name, await Port.open(`${folder}/${name}`)])
        break
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    }
  }
  return Object.fromEntries(opened) as Record<PortName, Port>
}

/** What a kernel that did not get far had to say. */
function console(folder: string): string | undefined {
  try {
    return readFileSync(`${folder}/console`, 'utf8').slice(-1000)
  } catch {
    return undefined
  }
}
