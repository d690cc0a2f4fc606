import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { problems } from '@vits/core/audit'
import { afterAll, describe, expect, it } from 'vitest'
import { completedCommands, type Shell, shells } from '../../cli/src/completion/completed.ts'
import { offeredBy } from './run-shells.ts'

const folder = mkdtempSync(join(tmpdir(), 'vits-shells-'))
mkdirSync(join(folder, 'snapshots'))
for (const name of ['vm.migr', 'of-a-guest.log']) writeFileSync(join(folder, name), '')
afterAll(() => rmSync(folder, { recursive: true }))

const scripts: Readonly<Record<Shell, string>> = { bash: 'vits.bash', zsh: '_vits', fish: 'vits.fish' }
const firstWords = [...new Set(completedCommands.map(({ name }) => name.split(' ')[0]!)), 'help']

/** What is offered last on a line, and how it ends: what stands before a word of a list or of an option belongs to the word. */
const lines: Readonly<Record<string, readonly string[]>> = {
  'vits che': ['check'],
  'vits help che': ['check'],
  'vits selftest v': ['vlpi'],
  'vits selftest vlpi --vc': ['--vcpus'],
  'vits demo ': ['orphan'],
  'vits show --view ': ['guest', 'pending', 'registers', 'restored', 'tables'],
  'vits show vm.migr --view re': ['registers', 'restored'],
  'vits repair --fix I31': ['I310', 'I311', 'I312'],
  'vits repair --fix D203,I31': ['D203,I310', 'D203,I311', 'D203,I312'],
  'vits check --kernel proposal-': ['proposal-2017', 'proposal-2024'],
  'vits check --kernel al': ['all'],
  'vits check --why': ['--why-hang'],
  'vits check --json --why': ['--why-hang'],
  'vits check --max': ['--max-memory'],
  'vits check v': ['vm.migr'],
  'vits repair -o v': ['vm.migr'],
  'vits show --registers v': ['vm.migr'],
  'vits live --dir ': ['snapshots'],
  'vits kernels linux-4': ['linux-4.13'],
  'vits explain EINV': ['EINVAL'],
  'vits explain N80': ['N801', 'N802', 'N803'],
  'vits explain of-': ['of-a-guest.log'],
  'vits completion ': [...shells].sort(),
  'vits check --max-memory ': [],
}

describe.each(shells)('%s', (shell) => {
  const script = resolve('cli/completions', scripts[shell])
  const asked = [...Object.keys(lines), 'vits ', 'vits check ']
  // Where nothing is offered bash and zsh leave the line as it is.
  const before = (line: string) =>
    shell === 'fish'
      ? []
      : line
          .trim()
          .split(' ')
          .slice(1, line.endsWith(' ') ? undefined : -1)
  const offered = new Map(offeredBy(shell, script, folder, asked).map((words, i) => [asked[i]!, words]))
  const ends = (line: string) =>
    offered
      .get(line)!
      .slice(before(line).length)
      .map((word) => word.replace(/\/$/, ''))

  it.each(Object.entries(lines))('completes %j', (line, words) => {
    expect(ends(line).sort()).toEqual(words)
  })

  it('offers every command', () => {
    expect(
      ends('vits ')
        .filter((word) => !word.startsWith('-'))
        .sort(),
    ).toEqual([...firstWords].sort())
  })

  it('offers files where a saved VM is named', () => {
    expect(ends('vits check ').sort()).toEqual(['of-a-guest.log', 'snapshots', 'vm.migr'])
  })
})

const pages = readdirSync('cli/man').map((name) => join('cli/man', name))

/** What a program says on both of its outputs. */
function said(command: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MANWIDTH: '100', MANROFFOPT: '' }
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', env })
  if (error !== undefined) throw error
  return `${stdout}${stderr}`
}

describe('the man pages', () => {
  it('are without fault for mandoc', () => {
    expect(said('mandoc', '-Tlint', '-W', 'warning', ...pages)).toBe('')
  })

  it.each(pages)('%s is set by man without a warning', (page) => {
    const env = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', MANWIDTH: '100' }
    const { stdout, stderr } = spawnSync('man', ['--warnings', '-E', 'UTF-8', '-l', page], { encoding: 'utf8', env })
    expect(stderr).toBe('')
    expect(stdout).toMatch(/^NAME\n +vits/m)
  })

  it('tell of every command and of every problem', () => {
    const program = said('man', '-l', 'cli/man/vits.1').replace(/‐\n +/g, '')
    for (const { name } of completedCommands) expect(program).toContain(`vits-${name.replace(' ', '-')}(1)`)
    const found = said('man', '-l', 'cli/man/vits-problems.7')
    for (const [code, { slug }] of Object.entries(problems)) expect(found).toContain(`${code} ${slug}`)
  })
})
