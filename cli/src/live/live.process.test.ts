import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { runningFixture } from '../../../core/src/formats/testing/running-vm.ts'
import { ExitCode } from '../exit-code.ts'
import { FakeQemu, type Fault } from '../testing/fake-qemu.ts'

const program = fileURLToPath(new URL('../../bin/vits.js', import.meta.url))
const blocking = new URL('../testing/blocking-read.mjs', import.meta.url).href
const healthy = await runningFixture('healthy')

let qemu: FakeQemu
afterEach(() => qemu.stop())

const live = (args: readonly string[], preload: readonly string[] = [], env = {}): ChildProcess =>
  spawn(process.execPath, [...preload, program, 'live', ...args, qemu.socket], {
    env: { ...process.env, ...env },
    stdio: 'ignore',
  })

describe('vits live as a process', () => {
  const signals = process.env['VITS_LONG'] === undefined ? (['SIGTERM'] as const) : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  it.each(signals)('lets the VM go on before %s ends it', async (signal) => {
    let child: ChildProcess
    const signalled: Fault = async (socket, { id }) => {
      child.kill(signal)
      await new Promise((resolve) => setTimeout(resolve, 50))
      socket.write(`${JSON.stringify({ id, return: {} })}\n`)
    }
    qemu = await FakeQemu.start(healthy, { faults: { pmemsave: signalled } })
    child = live(['--max-pause', '60000'])
    const [, endedBy] = await once(child, 'exit')
    expect([endedBy, qemu.status, qemu.leftFiles]).toEqual([signal, 'running', []])
  })

  it('lets the VM go on in time, however long it computes on what was read', async () => {
    qemu = await FakeQemu.start(healthy)
    const child = live(['--max-pause', '100'], ['--import', blocking], { BLOCK_MS: '3000' })
    const [code] = await once(child, 'exit')
    expect([code, qemu.status, qemu.leftFiles]).toEqual([ExitCode.Undecided, 'running', []])
    expect(qemu.stoodStill).toBeLessThan(2500)
  })
})
