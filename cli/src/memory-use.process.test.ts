import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixtureBytes } from '../../core/src/formats/testing/fixtures.ts'
import { zstdBomb } from '../../core/src/formats/testing/packed-files.ts'
import { ExitCode } from './exit-code.ts'
import { writeSparseQcow2 } from './testing/sparse-qcow2.ts'

const program = fileURLToPath(new URL('../bin/vits.js', import.meta.url))
const preload = new URL('./testing/peak-memory.mjs', import.meta.url).href
const [MEBIBYTE, GIBIBYTE, TEBIBYTE] = [2 ** 20, 2 ** 30, 2 ** 40]
const MOST = 512 * MEBIBYTE

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-memory-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Checks a file in a process of its own. */
function checked(path: string): { readonly code: number | null; readonly text: string; readonly peak: number } {
  const PEAK = join(folder, 'peak')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', preload, program, 'check', path], {
    env: { ...process.env, PEAK },
    encoding: 'utf8',
  })
  return { code: status, text: stdout + stderr, peak: Number(readFileSync(PEAK, 'utf8')) * 1024 }
}

/** Members of 1 MiB of zeros, 1 kB each. */
const gzipBomb = (bytes: number) => Buffer.concat(new Array(bytes / MEBIBYTE).fill(gzipSync(new Uint8Array(MEBIBYTE))))

it.each([
  ['134 kB of zstd that hold 4 GiB', () => zstdBomb(4 * GIBIBYTE), 'expected a saved VM'],
  ['1 MB of gzip that hold 1 GiB', () => gzipBomb(GIBIBYTE), 'expected a saved VM'],
])('%s are decoded and refused in 512 MiB', { timeout: 60_000 }, async (title, bytes, message) => {
  const path = join(folder, title)
  await writeFile(path, bytes())
  const { code, text, peak } = checked(path)
  expect([code, peak < MOST]).toEqual([ExitCode.Failed, true])
  expect(text).toContain(message)
})

it('a qcow2 image of 1 TiB that is mostly holes is checked in 512 MiB', { timeout: 60_000 }, async () => {
  const path = join(folder, 'sparse.qcow2')
  await writeSparseQcow2(path, fixtureBytes('savevm.qcow2'), TEBIBYTE)
  const { code, text, peak } = checked(path)
  expect([code, peak < MOST]).toEqual([ExitCode.Ok, true])
  expect(text).toContain('QEMU stream in qcow2 snapshot "snap1"')
})

it('a guest whose RAM is in 60,000 pieces is checked in 512 MiB', { timeout: 60_000 }, () => {
  const { code, peak } = checked(fileURLToPath(new URL('../../fixtures/hostile/case-many-ranges.gz', import.meta.url)))
  expect([code, peak < MOST]).toEqual([ExitCode.Ok, true])
})
