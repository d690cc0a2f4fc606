import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'
import { usages } from '../usage/index.ts'

const program = fileURLToPath(new URL('../../bin/vits.js', import.meta.url))
const hostile = (name: string) => fileURLToPath(new URL(`../../../fixtures/hostile/${name}`, import.meta.url))
const slowWrites = new URL('../testing/slow-writes.mjs', import.meta.url).href

/** A recording of a VM whose RAM is written to, so many times. */
const recording = (len: `0x${string}`, times: number): string =>
  JSON.stringify({
    format: 'kvm-its-golden-1',
    scenario: 'writes to memory',
    kernel: '6.12.117',
    steps: [
      { op: 'create_vm', vcpus: 1, ram: [{ base: '0x40000000', size: len }], gic_init: true, its_base: '0x8080000' },
      ...Array<unknown>(times).fill({ op: 'mem_write', gpa: '0x40000000', fill: '01', len }),
    ],
  })

let root: string
let folder: string
let file: string
let long: string[]
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-leash-'))
  long = ['conform', join(root, 'long.json')]
  await writeFile(join(root, 'original'), fixtureBytes('ghosts.mig'))
  // One loop of a minute or so.
  await writeFile(join(root, 'long.json'), recording('0x1000000', 100_000))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
  file = join(folder, 'vm.mig')
  await copyFile(join(root, 'original'), file)
})

/** With this, every write to a file takes so long. */
const slow = (ms: number) => ({
  preload: ['--import', slowWrites],
  env: { SLOW_MS: String(ms), SLOW_LOG: join(folder, '..', 'slow.log') },
})

function begin(args: readonly string[], { preload = [] as readonly string[], env = {} } = {}) {
  const child = spawn(process.execPath, [...preload, program, ...args], { env: { ...process.env, ...env } })
  let [out, err] = ['', '']
  child.stdout.on('data', (text) => {
    out += text
  })
  child.stderr.on('data', (text) => {
    err += text
  })
  const ended = new Promise<{ code: number | null; signal: string | null; out: string; err: string }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal, out, err })),
  )
  return { child, ended }
}

/** Waits until a process has used the processor for some seconds: however busy the machine is, it is at work by then. */
async function atWork({ pid }: ChildProcess, seconds: number): Promise<void> {
  for (;;) {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    if (Number(fields[11]) + Number(fields[12]) >= seconds * 100) return
    await setTimeout(10)
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await setTimeout(1)
}

function shell(script: string) {
  const { stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, file], { timeout: 30_000 })
  return { out: stdout.toString(), err: stderr.toString() }
}

describe('a signal', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('%s ends a loop that never looks up, and nothing is said', async (signal) => {
    const { child, ended } = begin(long)
    await atWork(child, 1)
    const at = performance.now()
    child.kill(signal)
    expect(await ended).toEqual({ code: null, signal, out: '', err: '' })
    expect(performance.now() - at).toBeLessThan(10_000)
  })

  it('is in the exit status that a shell sees', () => {
    const { out } = shell(`"$0" "$1" selftest -n 7 & sleep 0.5; kill -TERM $!; wait $!; echo $?
"$0" "$1" ${long.join(' ')} & sleep 1; kill -INT $!; wait $!; echo $?`)
    expect(out).toBe('143\n130\n')
  })

  it('leaves nothing of a copy that is being written', async () => {
    const { child, ended } = begin(['repair', file, '-o', join(folder, 'fixed.mig')], slow(150))
    await until(() => readdirSync(folder).some((name) => name.endsWith('.part')))
    child.kill('SIGTERM')
    expect((await ended).signal).toBe('SIGTERM')
    expect(readdirSync(folder)).toEqual(['vm.mig'])
  })

  it('waits for the words that are overwritten in place: the file has all of them', async () => {
    const { child, ended } = begin(['repair', '--in-place', file], slow(150))
    const log = slow(150).env.SLOW_LOG
    await until(() => readdirSync(folder).includes('vm.mig.undo'))
    const before = readFileSync(log).length
    await until(() => readFileSync(log).length > before)
    child.kill('SIGTERM')
    expect((await ended).signal).toBe('SIGTERM')
    expect((await vits(['check', '--strict', file])).code).toBe(0)
    expect((await vits(['undo', file])).code).toBe(0)
    expect((await readFile(file)).equals(await readFile(join(root, 'original')))).toBe(true)
  })
})

describe('a limit', () => {
  it('--timeout ends a loop that never looks up, with its name', async () => {
    const { code, out, err } = await begin([...long, '--timeout', '1s']).ended
    expect([code, out, err]).toEqual([8, '', `vits: ${long[1]}: it takes longer than 1 s (--timeout)\n`])
  })

  it('--timeout in a saved VM that is open by then is exit 64, and leaves nothing of what was begun', async () => {
    const { code, err } = await begin(['repair', file, '-o', join(folder, 'fixed'), '--timeout', '3s'], slow(60_000)).ended
    expect([code, err]).toEqual([64, `vits: ${file}: undecided: it takes longer than 3 s (--timeout)\n`])
    expect(readdirSync(folder)).toEqual(['vm.mig'])
  })

  it('--max-memory is for all memory, whatever the file before has left there, and the next file has its turn', async () => {
    const large = hostile('case-many-ranges.gz')
    const { code, out, err } = await begin(['check', '--json', '--max-memory', '192M', file, large, file]).ended
    expect(err).toBe(`vits: ${large}: undecided: it takes more than 192 MiB of memory (--max-memory)\n`)
    const told = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(told.map(({ verdict }) => verdict)).toEqual(['corrupts', 'undecided', 'corrupts'])
    expect(told[0].findings).toEqual(told[2].findings)
    expect(code).toBe(64 | 4)
  })

  it('ends a command whose files make one answer, and names the one that was too much', async () => {
    const [small, large] = [join(folder, 'small.json'), join(folder, 'large.json')]
    await writeFile(small, recording('0x10000', 1))
    await writeFile(large, recording('0x20000000', 1))
    const { code, out, err } = await begin(['conform', '--max-memory', '192M', small, large, small]).ended
    expect([code, out, err]).toEqual([8, '', `vits: ${large}: it takes more than 192 MiB of memory (--max-memory)\n`])
  })

  it('is told when it is the one that Node was started with', async () => {
    const { code, err } = await begin(['check', hostile('case-many-ranges.gz')], { preload: ['--max-old-space-size=100'] }).ended
    expect([code, err]).toEqual([64, expect.stringContaining('(--max-old-space-size)')])
    expect(err.split('\n')).toHaveLength(2)
  })

  it.each([
    ['--max-memory', '64M'],
    ['--max-memory', 'much'],
    ['--timeout', '0'],
    ['--timeout', 'soon'],
  ])('is refused where it makes no sense: %s %s', async (...args) => {
    const { code, err } = await vits(['check', ...args, file])
    expect([code, err]).toEqual([16, expect.stringContaining(`'${args[1]}' is invalid`)])
  })

  it('holds for each command that opens files of others, and for no other', () => {
    const bound = usages.filter(({ options }) => 'timeout' in options && 'maxMemory' in options)
    expect(bound.map(({ name }) => name)).toContain('check')
    const others = usages.filter((usage) => !bound.includes(usage)).map(({ args }) => args)
    // A VM that stands still meanwhile has a limit of its own, and must be let go on whatever ends the program.
    expect([...new Set(others)].sort()).toEqual(['', '<qmp-socket>', '<shell>', '[kernel...]', '[what...]'])
  })
})
