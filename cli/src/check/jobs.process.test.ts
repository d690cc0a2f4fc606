import { spawnSync } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'

const program = fileURLToPath(new URL('../../bin/vits.js', import.meta.url))
const hostile = fileURLToPath(new URL('../../../fixtures/hostile/case-many-ranges.gz', import.meta.url))

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-jobs-'))
  for (let i = 0; i < 12; i++) {
    const name = i % 3 === 0 ? 'two-itses.vits' : 'odd-reinit-s1.vits'
    await copyFile(fixtureFile(name), join(folder, `vm${i}.vits`))
  }
})
afterAll(() => rm(folder, { recursive: true }))

function check(...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, 'check', ...args], { encoding: 'utf8' })
  return { status, stdout, stderr }
}

it.each(['table', 'jsonl', 'sarif', 'junit', 'markdown', 'text'])(
  '--format %s is the same with any number of threads',
  (format) => {
    const one = check(folder, '/nowhere', '--format', format)
    expect(one.status).toBe(12)
    expect(check(folder, '/nowhere', '--format', format, '--jobs', '4')).toEqual(one)
  },
)

it('a file that is too much is given up alone, whatever has its turn beside it', () => {
  const args = [folder, hostile, folder, '--max-memory', '256M', '--json']
  const one = check(...args)
  const document = one.stdout.split('\n').find((line) => line.includes(hostile))!
  expect(JSON.parse(document)).toMatchObject({
    verdict: 'undecided',
    error: { says: 'it takes more than 256 MiB of memory (--max-memory)' },
  })
  expect([one.status, one.stdout.trim().split('\n').length]).toEqual([64 | 4, 25])
  expect(check(...args, '--jobs', '3')).toEqual(one)
})

it('a run that is killed leaves whole answers, and the next goes on with them', async () => {
  const answers = join(folder, 'answers.jsonl')
  const args = [folder, '--resume', answers, '--jobs', '2']
  const whole = check(...args)
  const text = await readFile(answers, 'utf8')
  await rm(answers)
  for (const seconds of ['0.35', '0.5', '0.7', '1']) {
    spawnSync('timeout', ['-s', 'KILL', seconds, process.execPath, program, 'check', ...args])
    const left = await readFile(answers, 'utf8').catch(() => '')
    expect(text.startsWith(left)).toBe(true)
  }
  expect(check(...args)).toEqual(whole)
  expect(await readFile(answers, 'utf8')).toBe(text)
})
