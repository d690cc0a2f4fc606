import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { openRunningVm } from '@vits/core/formats'
import { type Gpa, PAGE_BYTES } from '@vits/core/memory'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Port } from '../src/guests/port.ts'
import { Qmp } from '../src/guests/qmp.ts'

const QEMU = 'qemu-system-aarch64'
/** Devices whose state is laid out in each way that is known, and some of which nothing is. */
const devices = [
  'pcie-root-port,id=root,chassis=1',
  'virtio-net-pci,bus=root,romfile=',
  'virtio-rng-pci',
  'virtio-balloon-pci',
  'e1000e,romfile=',
  'qemu-xhci',
  'pcie-pci-bridge',
]
const machine = ['-M', 'virt,gic-version=3,its=on,iommu=smmuv3', '-cpu', 'cortex-a57', '-smp', '3', '-m', '128']
const quiet = ['-display', 'none', '-serial', 'none', '-nic', 'none']

const folder = mkdtempSync(`${tmpdir()}/vits-live-lab-`)
const socket = `${folder}/qmp`
let qemu: ChildProcess

beforeAll(async () => {
  const args = [...machine, ...quiet, ...devices.flatMap((device) => ['-device', device])]
  qemu = spawn(QEMU, [...args, '-qmp', `unix:${socket},server=on,wait=off`], { stdio: 'ignore' })
  for (let tries = 0; !existsSync(socket) && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 100))
})
afterAll(() => {
  qemu.kill()
  rmSync(folder, { recursive: true })
})

describe('a QEMU of this machine, without KVM', () => {
  it('is refused by vits live, and was never paused', () => {
    const { status, stderr } = spawnSync('node', ['cli/bin/vits.js', 'live', socket], { encoding: 'utf8' })
    expect([status, stderr]).toEqual([8, expect.stringContaining('the VM runs without KVM')])
  })

  it('writes a state of devices that is read up to its ITS, which is not KVM’s', async () => {
    const port = await Port.open(socket)
    const qmp = await Qmp.open(port)
    expect(await qmp.execute('query-status')).toMatchObject({ status: 'running' })
    await qmp.execute('stop')
    const file = `${folder}/state`
    await qmp.execute('xen-save-devices-state', { filename: file, live: false })
    const ram = `${folder}/ram`
    await qmp.execute('pmemsave', { val: 0x4000_0000, size: PAGE_BYTES, filename: ram })
    await qmp.execute('cont')
    expect(readFileSync(ram)).toHaveLength(PAGE_BYTES)
    const vm = {
      machine: 'virt',
      ram: [{ base: 0x4000_0000 as Gpa, bytes: 128 * 2 ** 20 }],
      unlocated: [],
      read: () => Promise.reject(),
    }
    await expect(openRunningVm(new Uint8Array(readFileSync(file)), vm)).rejects.toThrow("this VM ran on QEMU's own ITS")
  })
})
