import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import type { RepairDocument } from '@vits/core/documents'
import { afterAll, describe, expect, it } from 'vitest'

const folder = 'fixtures/saved'

/** Saves that earlier versions of vits judged wrongly, with the live events of each; one repair of theirs was deadly. */
const events = {
  'mem-vmem-s1.mig.zst': 26,
  'mem-numa2-s1.mig.zst': 22,
  'smmu-s1.mig.zst': 22,
  'smmu-s3.mig.zst': 18,
  'bridge-s2.mig.zst': 16,
  'nvme72-s1.mig.zst': 11,
  'odd-reinit-s1.vits': 3,
  'odd-clear-s1.vits': 8,
} as const
const files = Object.keys(events)

/** Device 9 is hidden behind a stale one with the same ITT, and nothing in the save tells the two apart. */
const lost: Readonly<Record<string, readonly string[]>> = { 'odd-clear-s1.vits': ['LPI 8300 of 9'] }

/** So a repair brings back all that it cannot tell from what is live. */
const more: Readonly<Record<string, number>> = { 'odd-clear-s1.vits': 17 }

const vits = (...args: string[]) => spawnSync('node', ['cli/bin/vits.js', ...args], { encoding: 'utf8', maxBuffer: 1 << 28 })

/** The events that the guest itself said it had mapped, in the text beside its save: by LPI, and by DeviceID where it names that. */
function live(file: string): string[] {
  const text = readFileSync(`${folder}/${file.replace(/\..*/, '.guest-view.txt')}`, 'utf8')
  if (file.startsWith('odd-')) {
    const life = text.split('second life').at(-1)!
    return [...life.matchAll(/^LIVE dev=(\S+) .* lpi=(\d+)/gm)].map(([, device, lpi]) => `LPI ${lpi} of ${Number(device)}`)
  }
  const lpis = new Map([...text.matchAll(/ID:\d+ pID:(\d+) vID:(\d+)/g)].map(([, lpi, irq]) => [irq!, lpi]))
  const [header] = /^ +CPU0.*$/m.exec(text)!
  const online = [...header.matchAll(/CPU(\d+)/g)].reduce((mask, [, cpu]) => mask | (1 << Number(cpu)), 0)
  const aimed = new Map(
    [...text.matchAll(/^irq (\d+) eff=([0-9a-f]+)$/gm)].map(([, irq, mask]) => [irq!, Number.parseInt(mask!, 16)]),
  )
  // An interrupt that is kept for a CPU that is off line is listed, and not mapped.
  const listed = [...text.matchAll(/^ *(\d+): .*ITS-PCI-MSI/gm)].filter(([, irq]) => ((aimed.get(irq!) ?? online) & online) !== 0)
  return listed.map(([, irq]) => `LPI ${lpis.get(irq!)}`)
}

interface Proof {
  readonly answered: { readonly rc: string; readonly view: { readonly devices: readonly Device[] } }
  readonly agrees: boolean
}
interface Device {
  readonly deviceId: number
  readonly events: readonly { readonly lpi: number }[]
}

/** Restores files in a real KVM: what it answered to each, the count of events it had then, and every name of them. */
function restored(paths: readonly string[]) {
  const { stdout, stderr } = vits('prove', '--json', ...paths)
  const documents = paths.length === 1 ? [stdout] : stdout.trim().split('\n')
  expect([documents.length, stderr]).toEqual([paths.length, ''])
  return documents.map((text) => {
    const { answered, agrees } = JSON.parse(text) as Proof
    const names = answered.view.devices.flatMap(({ deviceId, events }) =>
      events.map(({ lpi }) => [`LPI ${lpi}`, `LPI ${lpi} of ${deviceId}`]),
    )
    return { rc: answered.rc, agrees, count: names.length, names: new Set(names.flat()) }
  })
}

const out = mkdtempSync(`${tmpdir()}/vits-misjudged-`)
afterAll(() => rmSync(out, { recursive: true }))

/** The kernel that `vits prove` asks; Linux 7.3.4 could not restore both of two devices with one ITT. */
const asked = 'linux-6.12.117'

/** What a repair for that kernel makes of each file that it changes: the file with its repaired one. */
function repairedWith(...options: readonly string[]) {
  return files.flatMap((file) => {
    const written = `${out}/${options.join('')}-${file.replace(/\.zst$/, '')}`
    const { stdout } = vits('repair', '--json', '--kernel', asked, ...options, `${folder}/${file}`, '-o', written)
    return (JSON.parse(stdout) as RepairDocument).writes.length > 0 ? [{ file, written }] : []
  })
}

describe('the real KVM', () => {
  it('is asked about saves whose guests list as many live events as is known of them', () => {
    expect(Object.fromEntries(files.map((file) => [file, live(file).length]))).toEqual(events)
  })

  it('restores every live event of the saves that were once judged wrongly, but the one that vits calls lost', () => {
    const came = restored(files.map((file) => `${folder}/${file}`))
    expect(came.map(({ rc, agrees }) => [rc, agrees])).toEqual(files.map(() => ['0', true]))
    const missing = files.map((file, n) => live(file).filter((event) => !came[n]!.names.has(event)))
    expect(missing).toEqual(files.map((file) => lost[file] ?? []))
  })

  it.each([
    { options: ['-y'], changes: ['smmu-s3.mig.zst', 'odd-clear-s1.vits'] },
    { options: ['-y', '--strict'], changes: ['smmu-s3.mig.zst', 'nvme72-s1.mig.zst', 'odd-clear-s1.vits'] },
  ])(
    'restores every live event of what repair $options changes of them, and no other that anybody knows to be dead',
    ({ options, changes }) => {
      const changed = repairedWith(...options)
      expect(changed.map(({ file }) => file)).toEqual(changes)
      const came = restored(changed.map(({ written }) => written))
      expect(came.map(({ rc, agrees }) => [rc, agrees])).toEqual(changed.map(() => ['0', true]))
      const wrong = changed.map(({ file }, n) => {
        const { names, count } = came[n]!
        return { missing: live(file).filter((event) => !names.has(event)), more: count - live(file).length }
      })
      expect(wrong).toEqual(changed.map(({ file }) => ({ missing: [], more: more[file] ?? 0 })))
    },
  )
})
