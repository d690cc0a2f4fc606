import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
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

/** Modules that are loaded before the program has looked at its arguments. */
function loadedBy(path: string, known = new Set<string>()): Set<string> {
  for (const [, name = ''] of readFileSync(path, 'utf8').matchAll(/^(?:import|export) [^;]*?["']([^"']+)["'];?$/gm)) {
    const module = name.startsWith('.') ? join(dirname(path), name) : name
    if (known.has(module)) continue
    known.add(module)
    if (name.startsWith('.')) loadedBy(module, known)
  }
  return known
}

/** Runs the program in a shell: `$0` is node, `$1` the program, `$2` the saved VM. */
function shell(script: string) {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', script, process.execPath, program, file], { timeout: 30_000 })
  return { status, out: stdout.toString(), err: stderr.toString() }
}

describe('the program', () => {
  it('loads nothing of the library before it knows what to do', () => {
    const loaded = [...loadedBy(join(dirname(program), '../dist/main.js'))]
    expect(loaded).toContain('commander')
    expect(loaded.filter((name) => name.startsWith('@vits/'))).toEqual([])
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
