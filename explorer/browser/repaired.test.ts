import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { Chromium, fixture } from './chromium.ts'
import { PageWorker } from './page-worker.ts'

let chromium: Chromium
let worker: PageWorker
beforeAll(async () => {
  chromium = await Chromium.start()
  worker = await PageWorker.start(chromium)
})
afterAll(() => chromium.stop())

/** The mapped-ram file needs no repair, and has 200 MB. */
const files = [
  ...readdirSync(fixture('')).filter((name) => /\.(mig|save|qcow2)\.zst$|\.vits$/.test(name) && !/mapped-ram/.test(name)),
  ...[
    'case-zeros-unrestorable.vits.gz',
    'internal-duplicate-vcpu.vits.gz',
    'missing-32.vits.gz',
    'zstd-bad-checksum.mig.zst',
  ].map((name) => `../hostile/${name}`),
]

describe('the repaired file of the page', () => {
  it.each(files)('of %s has the bytes that the program writes, or is refused as it refuses', async (name) => {
    const output = join(chromium.folder, 'program')
    rmSync(output, { force: true })
    const { out, err } = await vits(['repair', fixture(name), '-o', output])
    const { refusal, sha256 } = await worker.answer([fixture(name)], 'repaired')
    const printed = `${out}${err}`.replace(/\s+/g, ' ')
    if (refusal !== undefined) {
      expect(printed).toContain(refusal.replace(/^\S+: (?=at byte)/, '').replace(/\s+/g, ' '))
      // Who names an output finds a VM there that needs no repair.
      expect(existsSync(output)).toBe(printed.includes('Nothing to repair'))
    } else expect(sha256).toBe(createHash('sha256').update(readFileSync(output)).digest('hex'))
  })
})
