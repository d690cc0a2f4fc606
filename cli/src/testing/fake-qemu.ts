import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunningFixture } from '../../../core/src/formats/testing/running-vm.ts'
import type { Gpa } from '../../../core/src/memory/index.ts'

type Json = Readonly<Record<string, unknown>>

/** A command that came, and what it was told. */
export interface Came {
  readonly execute: string
  readonly arguments: Json
}

/** What a fake QEMU does in place of an answer to a command: it is given the connection, and answers itself if at all. */
export type Fault = (socket: Socket, came: Came & { readonly id: number }) => void | Promise<void>

export interface FakeQemuOptions {
  /** The state that `query-status` tells; `running` unless told otherwise. */
  readonly status?: string
  readonly kvm?: boolean
  readonly machine?: string
  readonly memoryDevices?: readonly Json[]
  /** By the command; each happens once. */
  readonly faults?: Readonly<Record<string, Fault>>
}

/** Commands are refused with QEMU's own class of most errors. */
export const refuse: Fault = (socket, { id }) => send(socket, { id, error: { class: 'GenericError', desc: 'it is not to be' } })
/** The connection ends where an answer should come. */
export const hangUp: Fault = (socket) => void socket.destroy()
/** What comes is no JSON. */
export const babble: Fault = (socket) => void socket.write('Segmentation fault\n')

const send = (socket: Socket, message: Json) => void socket.write(`${JSON.stringify(message)}\r\n`)

/** A QMP server for one VM: the fixture's devices and RAM, written where a client asks for them. Commands are done one after the other. */
export class FakeQemu {
  readonly folder = mkdtempSync(join(tmpdir(), 'vits-fake-qemu-'))
  readonly came: Came[] = []
  readonly files: string[] = []
  status: string
  /** How often a VM was looked at that ran. */
  lookedAtRunning = 0
  /** Milliseconds for which the VM stood still, last. */
  stoodStill = Number.NaN
  #stoppedAt = 0
  readonly #fixture: RunningFixture
  readonly #options: FakeQemuOptions
  readonly #server: Server
  readonly #faults: Map<string, Fault>
  readonly #sockets = new Set<Socket>()
  #queue: Promise<void> = Promise.resolve()

  private constructor(fixture: RunningFixture, options: FakeQemuOptions) {
    this.#fixture = fixture
    this.#options = options
    this.#faults = new Map(Object.entries(options.faults ?? {}))
    this.status = options.status ?? 'running'
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(fixture: RunningFixture, options: FakeQemuOptions = {}): Promise<FakeQemu> {
    const qemu = new FakeQemu(fixture, options)
    await new Promise<void>((resolve) => qemu.#server.listen(qemu.socket, resolve))
    return qemu
  }

  get socket(): string {
    return join(this.folder, 'qmp')
  }

  /** The names of the commands, as many of one kind in a row counted once. */
  get order(): string[] {
    const names = this.came.map(({ execute }) => execute)
    return names.filter((name, i) => name !== names[i - 1])
  }

  /** The files that were written for a client and are still there. */
  get leftFiles(): string[] {
    return this.files.filter((path) => existsSync(path))
  }

  /** Somebody else does something. */
  event(event: string): void {
    const now = performance.timeOrigin + performance.now()
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: Math.floor((now % 1000) * 1000) }
    for (const socket of this.#sockets) send(socket, { timestamp, event })
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
    rmSync(this.folder, { recursive: true })
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    send(socket, { QMP: { version: { qemu: { major: 7, minor: 2, micro: 22 }, package: '' }, capabilities: ['oob'] } })
    let text = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop()!
      for (const line of lines) this.#queue = this.#queue.then(() => this.#do(socket, JSON.parse(line)))
    })
  }

  async #do(socket: Socket, came: Came & { readonly id: number }): Promise<void> {
    this.came.push({ execute: came.execute, arguments: came.arguments })
    const fault = this.#faults.get(came.execute)
    this.#faults.delete(came.execute)
    if (fault !== undefined) await fault(socket, came)
    else send(socket, { id: came.id, ...(await this.#answered(came)) })
  }

  /** As QEMU does, says what hindered it: who asked may have gone, and its folder with it. */
  async #answered(came: Came): Promise<object> {
    try {
      return { return: await this.#answer(came) }
    } catch (error) {
      return { error: { class: 'GenericError', desc: (error as Error).message } }
    }
  }

  async #answer({ execute, arguments: args }: Came): Promise<unknown> {
    const { kvm = true, machine = `${this.#fixture.vm.machine}-machine`, memoryDevices } = this.#options
    switch (execute) {
      case 'query-kvm':
        return { enabled: kvm, present: true }
      case 'qom-get':
        return machine
      case 'query-memory-size-summary':
        return { 'base-memory': this.#fixture.vm.ram[0]!.bytes, 'plugged-memory': 0 }
      case 'query-memory-devices':
        return memoryDevices ?? []
      case 'query-status':
        return { status: this.status, running: this.status === 'running', singlestep: false }
      case 'stop':
      case 'cont':
        return this.#turn(execute === 'stop' ? 'paused' : 'running')
      case 'xen-save-devices-state':
        return this.#write(args, this.#fixture.state)
      case 'pmemsave':
        return this.#write(args, await this.#fixture.vm.read({ base: args['val'] as Gpa, bytes: args['size'] as number }))
      default:
        return {}
    }
  }

  #turn(status: 'paused' | 'running'): object {
    if (this.status !== status) {
      this.status = status
      if (status === 'paused') this.#stoppedAt = performance.now()
      else this.stoodStill = performance.now() - this.#stoppedAt
      this.event(status === 'paused' ? 'STOP' : 'RESUME')
    }
    return {}
  }

  #write({ filename }: Json, bytes: Uint8Array): object {
    if (this.status === 'running') this.lookedAtRunning++
    this.files.push(String(filename))
    writeFileSync(String(filename), bytes)
    return {}
  }
}
