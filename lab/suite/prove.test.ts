import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { kernelSeries } from '../src/cache.ts'

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

interface Proof {
  readonly file: string
  readonly answered: { readonly rc: string }
  readonly agrees: boolean
  /** One for each ITS. */
  readonly itses: readonly { readonly answered: { readonly view: { readonly devices: readonly unknown[] } } }[]
}

describe.each(kernelSeries)('a restore on Linux %s', (kernel) => {
  it(`does to each of ${saved.length} saved VMs what vits check predicts`, () => {
    const files = saved.map((name) => `${folder}/${name}`)
    const { stdout, stderr } = spawnSync('node', ['cli/bin/vits.js', 'prove', '--json', '--kernel', kernel, ...files], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    const proofs = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Proof)
    expect(proofs.filter(({ agrees }) => agrees).map(({ file }) => file)).toEqual(files)
    for (const [name, rc] of Object.entries(outcomes)) {
      expect([name, proofs.find(({ file }) => file.endsWith(`/${name}`))?.answered.rc]).toEqual([name, rc])
    }
    const two = proofs.find(({ file }) => file.endsWith('/two-itses.vits'))
    expect(two?.itses.map(({ answered }) => answered.view.devices.length)).toEqual([1, 1])
  })
})
