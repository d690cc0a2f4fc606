import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../core/src/formats/testing/fixtures.ts'
import { vits } from './testing/fake-io.ts'

const program = fileURLToPath(new URL('../bin/vits.js', import.meta.url))

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-main-'))
  file = join(folder, 'vm.mig')
  await writeFile(file, fixtureBytes('ghosts.mig'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The files that a process has loaded when it ends, as Node knows them. */
function loadedBy(...args: string[]): string[] {
  const script = `process.on('exit', () => console.error(JSON.stringify(Object.keys(require.cache)))); require('${program}')`
  const { stderr } = spawnSync(process.execPath, ['-e', script, 'vits', ...args])
  return JSON.parse(stderr.toString().split('\n').at(-2)!).map((path: string) => basename(path))
}

/** Runs the program in a shell: `$0` is node, `$1` the program, `$2` the saved VM. */
function shell(script: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, file], { timeout: 30_000 })
  return { status, out: stdout.toString(), err: stderr.toString() }
}

describe('the program', () => {
  it('loads what does the work only once it knows what to do', () => {
    expect(loadedBy('--version')).toEqual(['vits.js', 'vits.cjs'])
    expect(loadedBy('check', '--help')).toEqual(['vits.js', 'vits.cjs'])
    expect(loadedBy('explain', 'D203')).toEqual(['vits.js', 'vits.cjs', 'work.cjs'])
    expect(statSync(join(dirname(program), '../dist/vits.cjs')).size).toBeLessThan(150_000)
  })

  it('goes on to its end and its own exit status when nobody reads its output any more', () => {
    const { err, out } = shell('{ sleep 0.3; "$0" "$1" check "$2"; echo "exit $?" >&2; } | true')
    expect([out, err]).toEqual(['', 'exit 4\n'])
  })

  it('completes a repair in place whose output nobody reads', async () => {
    const { err } = shell('{ sleep 0.3; "$0" "$1" repair --in-place "$2"; echo "exit $?" >&2; } | true')
    expect(err).toBe('exit 0\n')
    expect((await vits(['check', file])).code).toBe(0)
    expect((await vits(['undo', file])).code).toBe(0)
    expect(Buffer.from(fixtureBytes('ghosts.mig')).equals(await readFile(file))).toBe(true)
  })

  it('ends with 16 for a wrong command line that only the work finds wrong', () => {
    for (const words of ['explain nonsense', 'completion tcsh', 'check --shard 9/3 "$2"', 'show --device zz "$2"'])
      expect(shell(`exec "$0" "$1" ${words}`).status, words).toBe(16)
  })

  it('says so, with exit bit 8, when its output cannot be written', () => {
    const { status, err } = shell('exec "$0" "$1" explain D203 > /dev/full')
    expect([status, err]).toEqual([8, 'vits: standard output: no space left on the device\n'])
  })

  it('writes nothing that a terminal would obey', () => {
    for (const args of [['check', '\x1b[2J'], ['explain', '\x1b[2J'], ['\x1b[2J']]) {
      const { stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env: { ...process.env, FORCE_COLOR: '1' } })
      expect([stdout.toString(), stderr.toString()]).toEqual(['', expect.stringMatching(/^vits: [ -~]*\\x1b\[2J[ -~\n]*$/)])
    }
  })

  it('refuses what is neither a file nor a pipe nor a folder with a saved VM, at once', async () => {
    const empty = join(folder, 'empty')
    await mkdir(empty)
    for (const [path, what] of [
      [empty, 'is a folder without a saved VM in it'],
      ['/dev/zero', 'is a device, and only files, pipes and disks are read'],
    ]) {
      const { status, stderr } = spawnSync(process.execPath, [program, 'check', path!], { timeout: 30_000 })
      expect([status, stderr.toString()]).toEqual([8, `vits: ${path}: ${what}\n`])
    }
  })
})
