import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { sampled } from '../../core/src/memory/testing/runs.ts'
import { ExitCode } from './exit-code.ts'
import { vits } from './testing/fake-io.ts'

const hostile = (name: string) => fileURLToPath(new URL(`../../fixtures/hostile/${name}`, import.meta.url))
const { Failed: REFUSED, Problems: HARM, Undecided: UNDECIDED } = ExitCode

describe('vits check of a file made to hurt', () => {
  it.each([
    ['zstd-bad-checksum.mig.zst', 'at byte 0x92d1: expected the checksum of what the zstd frame at 0x0 holds'],
    ['desc-empty-struct.gz', 'at byte 0xe25c6: expected at most 4096 of a, which have no bytes'],
    ['desc-values-oom.gz', 'at byte 0xe25a1: expected "size" 2000, as the fields of cpu have together'],
    ['case-vcpus-1024.gz', 'at byte 0x10: expected 1 to 512 redistributors in the header of a case, found 1024'],
    [
      'internal-duplicate-vcpu.vits.gz',
      'at byte 0x10: expected one redistributor for each vCPU in the header of a case, found 0',
    ],
  ])('refuses %s with the byte', async (name, message) => {
    const { code, out, err } = await vits(['check', hostile(name)])
    expect([code, out]).toEqual([REFUSED, ''])
    expect(err).toContain(message)
  })

  it.each([
    ['failopen-blank.vits.gz', UNDECIDED, 'M703'],
    ['missing-32.vits.gz', HARM | UNDECIDED, 'D202'],
    ['missing-65536.vits.gz', HARM | UNDECIDED, 'D202'],
    ['guest-ram-hang-check.vits.gz', HARM | UNDECIDED, 'M702'],
    ['evil-E10.vits.gz', HARM | UNDECIDED, 'M704'],
  ])('never calls %s sound, and says that it did not see all of it', async (name, bits, problem) => {
    const { code, out } = await vits(['check', hostile(name)])
    expect(code).toBe(bits)
    expect(out).toContain(problem)
    expect(out).toContain('ot everything was looked at')
    expect(out).not.toMatch(/Restores|Comes back/)
  })

  const unplanned = [
    ['evil-E3.vits.gz', HARM | UNDECIDED],
    ['evil-E10.vits.gz', HARM | UNDECIDED],
    ['failopen-blank.vits.gz', UNDECIDED],
  ] as const
  it.each(sampled(unplanned, 3))('plans nothing from what it did not see whole, and says so: %s', async (name, bits) => {
    const { code, out } = await vits(['repair', '-n', '-y', hostile(name)])
    expect([code, out]).toEqual([bits, expect.stringContaining('Nothing is repaired: not everything was looked at')])
  })

  it('judges a guest whose RAM is in 60,000 pieces as any other', async () => {
    const { code, out } = await vits(['check', hostile('case-many-ranges.gz')])
    expect(code).toBe(ExitCode.Ok)
    expect(out).toContain('Restores cleanly.')
  })
})

it('vits repair mends a guest of 64 GiB that are zeros, and writes them as it read them: as a range', {
  timeout: 10_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vits-hostile-'))
  try {
    const output = join(folder, 'mended.vits')
    const { code, out } = await vits(['repair', '-y', '-o', output, hostile('case-zeros-unrestorable.vits.gz')])
    expect(code).toBe(ExitCode.Ok)
    expect(out).toContain('mended.vits is written and synced: 221184 bytes, uncompressed.')
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('vits undo refuses a forged undo file, changes nothing and keeps it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'vits-hostile-'))
  try {
    const file = join(folder, 'vm.mig')
    await copyFile(hostile('case-vcpus-1024.gz'), file)
    await copyFile(hostile('forged.undo'), `${file}.undo`)
    const { code, err } = await vits(['undo', file])
    expect(code).toBe(REFUSED)
    expect(err).toContain('expected an array in an undo file of vits')
    expect(await readFile(file)).toEqual(await readFile(hostile('case-vcpus-1024.gz')))
    expect(await readFile(`${file}.undo`)).toEqual(await readFile(hostile('forged.undo')))
  } finally {
    await rm(folder, { recursive: true })
  }
})
