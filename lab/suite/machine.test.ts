import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import type { Step } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { withKvm } from '../src/lab.ts'

/** The QEMUs that a process has started, and the processes it has, by their ids. */
function descendants(pid: number): number[] {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name))
  const children = processes.filter((id) => parentOf(id) === pid).map(Number)
  return [...children, ...children.flatMap(descendants)]
}

function parentOf(id: string): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1])
  } catch {
    return undefined
  }
}

/** True while the process lives; one that nobody has waited for yet is dead. */
function isQemu(pid: number): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    return /^Name:\s+qemu-system/m.test(status) && !/^State:\s+Z/m.test(status)
  } catch {
    return false
  }
}

const firstLine = (child: ChildProcess) =>
  new Promise<string>((resolve) => child.stdout!.once('data', (text) => resolve(String(text))))
const soon = () => new Promise((resolve) => setTimeout(resolve, 50))

describe('a machine of the lab', () => {
  it.each(['SIGINT', 'SIGKILL'] as const)('is gone when its driver dies of %s', async (signal) => {
    const driver = spawn(process.execPath, ['--import', 'tsx', 'lab/src/main.ts', 'play'], { stdio: ['pipe', 'pipe', 'inherit'] })
    expect(JSON.parse(await firstLine(driver))).toMatchObject({ release: expect.stringMatching(/^6\.12\./) })
    const qemus = descendants(driver.pid!).filter(isQemu)
    expect(qemus).toHaveLength(1)
    driver.kill(signal)
    while (qemus.some(isQemu)) await soon()
  })

  it('speaks over a serial port, too, for a QEMU without semihosting', async () => {
    const release = await withKvm('6.12', async (kvm) => kvm.host.release, { transport: 'serial' })
    expect(release).toMatch(/^6\.12\./)
  })

  it('boots a kernel anew that died, and asks it as before', async () => {
    const releases = await withKvm('6.12', async (kvm) => {
      const asked: Step = { op: 'raw', what: 'release', line: 'ver' }
      const before = await kvm.play(asked)
      await kvm.stop()
      await expect(kvm.play(asked)).rejects.toThrow('the lab was stopped')
      await kvm.revive()
      return [before, await kvm.play(asked)]
    })
    expect(releases[1]).toEqual(releases[0])
  })

  it('says how to fetch a kernel that was not', async () => {
    await expect(withKvm('7.9.9', async () => 0)).rejects.toThrow(
      'Linux 7.9.9 was not fetched: npm run lab:setup -- --kernels 7.9.9',
    )
  })

  it('says which kernels there are when it is given none', async () => {
    await expect(withKvm('/nowhere/vmlinuz', async () => 0)).rejects.toThrow(
      'no kernel /nowhere/vmlinuz: name one that is here (6.12, 6.1',
    )
  })
})
