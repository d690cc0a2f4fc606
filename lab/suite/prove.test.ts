import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { type ProfileId, profiles } from '@vits/core/abi'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { plantedCase } from '../../core/src/inspect/testing/planted-machine.ts'
import { testedKernels } from './tested-kernels.ts'

const folder = 'fixtures/saved'
/** Saved by QEMU's own ITS, or without the ITS's registers: there is nothing that KVM could restore. */
const others = /^(tcg|libvirt)|\.elf\.|\.log\./
const saved = readdirSync(folder).filter((name) => /\.(zst|vits)$/.test(name) && !others.test(name))

/** What is known of these VMs, by the kernel's own word. */
const outcomes: Readonly<Record<string, string>> = {
  'unrestorable.mig.zst': 'EINVAL',
  'unrestorable.repaired.mig.zst': '0',
  'scattered-unrestorable.mig.zst': 'EINVAL',
  'scattered-partly-repaired.mig.zst': '0',
}

interface Device {
  readonly deviceId: number
  readonly events: readonly { readonly lpi: number }[]
}

interface Proof {
  readonly file: string
  readonly profile: ProfileId
  readonly answered: { readonly rc: string; readonly view: { readonly devices: readonly Device[] } }
  readonly agrees: boolean
  /** One for each ITS. */
  readonly itses: readonly { readonly answered: { readonly view: { readonly devices: readonly unknown[] } } }[]
}

const proofsOf = (kernel: string, files: readonly string[]): Proof[] => {
  const args = ['cli/bin/vits.js', 'prove', '--json', '--kernel', kernel, ...files]
  const { stdout, stderr } = spawnSync('node', args, { encoding: 'utf8' })
  expect(stderr).toBe('')
  const documents = files.length === 1 ? [stdout] : stdout.trim().split('\n')
  return documents.map((text) => JSON.parse(text) as Proof)
}

const out = mkdtempSync(`${tmpdir()}/vits-prove-`)
const shared = `${out}/shared-lpi.vits`
afterAll(() => rmSync(out, { recursive: true }))

/** Device 8 is gone and left its entries; its LPI is an event's of device 16 now, which its DTE leads to. */
beforeAll(async () => {
  const vm = new PlantedVm().map(8, { 0: [8192, 0] }).map(16, { 0: [8193, 1] })
  vm.save().unmap(8)
  vm.map(16, { 0: [8193, 1], 1: [8192, 1] }).save()
  writeFileSync(shared, await plantedCase(vm))
})

describe.each(testedKernels)('a restore on Linux %s', (kernel) => {
  it(`does to each of ${saved.length} saved VMs what vits check predicts`, () => {
    const files = saved.map((name) => `${folder}/${name}`)
    const proofs = proofsOf(kernel, files)
    expect(proofs.filter(({ agrees }) => agrees).map(({ file }) => file)).toEqual(files)
    for (const [name, rc] of Object.entries(outcomes)) {
      expect([name, proofs.find(({ file }) => file.endsWith(`/${name}`))?.answered.rc]).toEqual([name, rc])
    }
    const two = proofs.find(({ file }) => file.endsWith('/two-itses.vits'))
    expect(two?.itses.map(({ answered }) => answered.view.devices.length)).toEqual([1, 1])
  })

  it('drops the live event whose LPI an orphan of a lower DeviceID has, without an error, if it maps an LPI but once', () => {
    const [proof] = proofsOf(kernel, [shared])
    const many = profiles[proof!.profile].quirks['lpi-mapped-by-many']
    expect([proof!.agrees, proof!.answered.rc]).toEqual([true, '0'])
    const lpis = proof!.answered.view.devices.map(({ deviceId, events }) => [deviceId, events.map(({ lpi }) => lpi)])
    expect(lpis).toEqual([
      [8, [8192]],
      [16, many ? [8193, 8192] : [8193]],
    ])
  })
})
