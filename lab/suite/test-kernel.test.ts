import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { kernelImage } from '../src/cache.ts'
import { test } from '../src/commands/test.ts'
import type { KernelReport } from '../src/tested/report.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vits-suite-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => void vi.restoreAllMocks())

/** Runs the command; what it prints is one JSON document. */
async function asked(...args: string[]) {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  const start = performance.now()
  const code = await test(['--json', ...args])
  const document = JSON.parse(log.mock.calls.flat().join('\n')) as KernelReport & { readonly error?: string }
  return { ...document, code, seconds: (performance.now() - start) / 1000 }
}

describe('the kernel of a developer', () => {
  it('that answers as a profile is told so, in less than two minutes, packed and beside an initramfs too', async () => {
    const [image, initrd] = [join(folder, 'Image.gz'), join(folder, 'initrd')]
    writeFileSync(image, gzipSync(readFileSync(kernelImage('6.12')), { level: 1 }))
    // An archive of nothing but its end.
    writeFileSync(initrd, gzipSync(`070701${'0'.repeat(88)}0000000b00000000TRAILER!!!\0\0\0\0`))
    const { code, seconds, same, profile, turned, parts } = await asked('--kernel', image, '--initrd', initrd, '--cases', '60')
    expect([code, same, profile, turned]).toEqual([0, true, 'linux-6.12.117', []])
    expect(parts.map(({ name }) => name)).toEqual(['answers', 'orders', 'sealed saves', 'dummy heads', 'console'])
    expect(seconds).toBeLessThan(120)
  })

  it('that answers otherwise is told in what: the quirk, a short history, both answers and where that is decided', async () => {
    const { code, turned, unexplained, parts } = await asked('--kernel', '6.12', '--profile', 'linux-7.3.4', '--cases', '40')
    const quirks = ['unknown-ctrl-accepted', 'lpi-mapped-by-many', 'next-names-zero-ite']
    expect([code, unexplained, turned]).toEqual([1, 0, quirks.map((name) => `with ${name}`)])
    const { differences } = parts.find(({ name }) => name === 'answers')!
    expect(differences.map(({ expected, got, decidedIn }) => [expected, got, decidedIn])).toEqual([
      ['answer ENXIO', 'answer 0', 'vgic_its_ctrl'],
      [expect.any(String), expect.any(String), 'vgic_its_cmd_handle_mapi, vgic_its_restore_ite'],
      [expect.stringMatching(/^memory /), expect.stringMatching(/^memory /), 'compute_next_eventid_offset'],
    ])
    expect(differences[0]!.history).toMatch(/attribute \d+ of the CTRL group$/)
    for (const { recording } of differences) expect(JSON.parse(readFileSync(recording!, 'utf8')).steps.length).toBeLessThan(30)
  })

  it.each([
    ['has no KVM', 'kvm-arm.mode=none', /^this kernel has no KVM \(errno 2.*The end of its console:.*Run \/init.*CONFIG_KVM=y/s],
    ['panics', 'rdinit=/nowhere', /^QEMU ended.*Kernel panic.*CONFIG_BLK_DEV_INITRD=y/s],
  ])('that %s is told so within ten seconds, with the end of its console', async (_what, words, message) => {
    const { code, seconds, error } = await asked('--kernel', '6.12', '--append', words)
    expect([code, error]).toEqual([2, expect.stringMatching(message)])
    expect(seconds).toBeLessThan(10)
  })

  it('that comes to a stand without a word is given up after eight seconds of silence', async () => {
    const image = readFileSync(kernelImage('6.12'))
    // Its first instruction: a branch to itself.
    image.writeUInt32LE(0x14000000, 0)
    writeFileSync(join(folder, 'stands'), image)
    const { code, error } = await asked('--kernel', join(folder, 'stands'))
    expect([code, error]).toEqual([2, expect.stringMatching(/has said nothing for 8 s.*it said no word/s)])
  })
})
