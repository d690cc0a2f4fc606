import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { INITRAMFS } from './folders.ts'

const QEMU = 'qemu-system-aarch64'

/** A kernel that oopses ends its QEMU, which boots no machine twice: nobody waits for an answer that does not come. */
const WORDS_OF_DEATH = 'oops=panic panic=-1'

/** Measured: every word takes something off the boot, which is one second with all of them and two without. */
export const KERNEL_WORDS =
  'quiet loglevel=0 nokaslr mitigations=off acpi=off audit=0 apparmor=0 security=none init_on_alloc=0 rodata=off ' +
  'cryptomgr.notests rcupdate.rcu_expedited=1 transparent_hugepage=never nosoftlockup lpj=100000'

/**
 * Early, so that a kernel is heard that does not come to its drivers. While the agent waits for a line its machine stands still and its
 * clock goes on, which RCU would take for a stall.
 */
const CONSOLE_WORDS = 'loglevel=7 earlycon=pl011,0x9000000 console=ttyAMA0 rcupdate.rcu_cpu_stall_suppress=1'

/** QEMU 7.2 is the first whose guests may use semihosting from user space. */
const SEMIHOSTING_SINCE = 7.2

/** What carries lines: of a QEMU, `fifo` is ten times faster, and `serial` works with every one; of the agent here, pipes. */
export type Transport = 'fifo' | 'serial' | 'pipe'

export interface MachineOptions {
  /** An arm64 kernel image with KVM. */
  readonly kernel: string
  /** The fastest that QEMU has, unless named. */
  readonly transport?: Transport
  /** QEMU's -cpu: neoverse-n1 runs KVM in VHE mode, cortex-a57 in nVHE mode. */
  readonly cpu?: string
  readonly memory?: string
  /** An initramfs that is unpacked before the agent's, which stays /init. */
  readonly initrd?: string
  /** Further words for the kernel's command line. */
  readonly words?: string
  /** No QEMU: the agent as a program of this machine, which is a KVM host. */
  readonly host?: string
  /** The kernel says on its console what it does; without, it is silent. Only on fifos: a serial port is the agent's. */
  readonly console?: boolean
}

/** A running QEMU and the line to the agent in it. */
export interface Machine {
  readonly transport: Transport
  /** Sends bytes; the caller keeps less in flight than a pipe holds, so that this never blocks. */
  send(text: string): void
  /** Ends QEMU at once. */
  kill(): void
  /** Settles when QEMU has ended. */
  readonly ended: Promise<void>
}

export interface MachineEvents {
  received(bytes: Buffer): void
  died(reason: string): void
  /** The kernel said something on its console. */
  said?(text: string): void
}

function bestTransport(): Transport {
  const { stdout, error } = spawnSync(QEMU, ['--version'], { encoding: 'utf8' })
  if (error !== undefined) throw new Error(`cannot run ${QEMU}: run \`npm run lab:setup\``)
  const version = /version (\d+\.\d+)/.exec(stdout)?.[1]
  return Number(version) >= SEMIHOSTING_SINCE ? 'fifo' : 'serial'
}

export type StartMachine = (options: MachineOptions, events: MachineEvents) => Machine

/** Boots a kernel with the agent as its only program, or starts the agent here. */
export const startMachine: StartMachine = (options, events) => {
  if (options.host !== undefined) return startHere(options.host, events)
  const transport = options.transport ?? bestTransport()
  return transport === 'fifo' ? startOnFifos(options, events) : startOnSerial(options, events)
}

function qemuArguments(options: MachineOptions, words: string): string[] {
  const machine = 'virt,virtualization=on,gic-version=3,its=off'
  const { kernel, cpu = 'neoverse-n1', memory = '1G', initrd = INITRAMFS, words: further = '' } = options
  const what = ['-M', machine, '-cpu', cpu, '-m', memory, '-nodefaults', '-display', 'none', '-no-reboot']
  const append = [KERNEL_WORDS, WORDS_OF_DEATH, ...(options.console ? [CONSOLE_WORDS] : []), words, further].join(' ')
  return [...what, '-kernel', kernel, '-initrd', initrd, '-append', append]
}

/**
 * Starts QEMU so that it cannot outlive this process: the kernel kills it when we die, even by SIGKILL. (An idle QEMU sits in a
 * semihosting read with its main loop locked, and would not hear a SIGTERM.)
 */
export function spawnQemu(args: readonly string[], stdin: 'pipe' | 'ignore', events: Pick<MachineEvents, 'died'>) {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', QEMU, ...args], { stdio: [stdin, 'pipe', 'pipe'] })
  let complaint = ''
  child.stderr!.on('data', (text) => {
    complaint = `${complaint}${text}`.slice(-2000)
  })
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      events.died(complaint === '' ? reason : `${reason}: ${complaint.trim()}`)
      resolve()
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(`QEMU ended with ${signal ?? `code ${code}`}`))
  })
  return { child: child as ChildProcess, ended }
}

/** The agent ends when nothing can come any more: it does not outlive this process. */
function startHere(program: string, events: MachineEvents): Machine {
  const child = spawn(program, { env: { AGENT: 'stdio' }, stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdout.on('data', events.received)
  child.stdin.on('error', () => {})
  const ended = new Promise<void>((resolve) => {
    const end = (reason: string) => {
      events.died(reason)
      resolve()
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(`the agent ended with ${signal ?? `code ${code}`}`))
  })
  return { transport: 'pipe', send: (text) => child.stdin.write(text), kill: () => child.kill('SIGKILL'), ended }
}

function startOnSerial(options: MachineOptions, events: MachineEvents): Machine {
  const serial = ['-chardev', 'stdio,id=agent,signal=off', '-serial', 'chardev:agent']
  const { child, ended } = spawnQemu([...qemuArguments(options, ''), ...serial], 'pipe', events)
  child.stdout!.on('data', events.received)
  child.stdin!.on('error', () => {})
  return { transport: 'serial', send: (text) => child.stdin!.write(text), kill: () => child.kill('SIGKILL'), ended }
}

function startOnFifos(options: MachineOptions, events: MachineEvents): Machine {
  const folder = mkdtempSync(`${tmpdir()}/vits-lab-`)
  const [requests, answers] = [`${folder}/requests`, `${folder}/answers`]
  execFileSync('mkfifo', [requests, answers])
  // Opened for both directions: the fifo opens at once, and neither side meets an end of file before we close it.
  const to = openSync(requests, constants.O_RDWR)
  const from = new Socket({ fd: openSync(answers, constants.O_RDWR | constants.O_NONBLOCK), readable: true, writable: false })
  const serial = options.console ? ['-chardev', 'stdio,id=console,signal=off', '-serial', 'chardev:console'] : ['-serial', 'null']
  const semihosting = [...serial, '-semihosting-config', 'enable=on,target=native,userspace=on']
  const args = [...qemuArguments(options, `AGENT=semi:${requests}:${answers}`), ...semihosting]
  const { child, ended } = spawnQemu(args, 'ignore', events)
  child.stdout!.on('data', (text) => events.said?.(String(text)))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  from.once('data', removeFolder)
  from.on('data', events.received)
  from.on('error', () => {})
  const closed = ended.then(() => {
    from.destroy()
    closeSync(to)
    removeFolder()
  })
  return { transport: 'fifo', send: (text) => void writeSync(to, text), kill: () => child.kill('SIGKILL'), ended: closed }
}
