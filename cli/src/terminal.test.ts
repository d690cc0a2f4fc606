import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixtureBytes } from '../../core/src/formats/testing/fixtures.ts'
import type { Io } from './io.ts'
import { type Ran, vits } from './testing/fake-io.ts'

/** A title for the window, a colour, text that turns round, the end of the line, and the same in one byte as C1 has it. */
const NASTY = 'vm\x1b]0;owned\x07\x1b[31m\u202e\u2066\x7f\u009b2J\nvits: all is well\r'
/** As many characters, and nothing to obey. */
const PLAIN = NASTY.replace(/[^a-z ]/g, '.')

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const obeyed = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]|\p{Cs}/u

let root: string
let folder: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-terminal-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
})

const said = ({ out, err }: Ran) => `${out}${err}`
const linesOf = (ran: Ran) => said(ran).split('\n').length

type Line = (name: string) => readonly (readonly string[])[]

/** Runs command lines one after another in a folder of their own; answers what the last one said. */
async function ranIn(place: string, line: Line, name: string, io: Partial<Io> = {}): Promise<Ran> {
  await writeFile(join(place, name), fixtureBytes('ghosts.mig'))
  let ran: Ran | undefined
  for (const args of line(join(place, name))) ran = await vits(args, {}, io)
  return ran!
}

const noLab: Io['lab'] = async () => {
  throw Object.assign(new Error(`EPERM: ${NASTY}`), { code: 'EPERM' })
}

describe('a name that a terminal would obey', () => {
  it.each<[string, Line]>([
    ['check', (file) => [['check', file]]],
    ['check --json', (file) => [['check', '--json', file]]],
    ['check of a file that is not there', (file) => [['check', `${file}.none`]]],
    ['check below a file', (file) => [['check', `${file}/none`]]],
    ['repair -n', (file) => [['repair', '-n', file]]],
    ['repair -o', (file) => [['repair', file, '-o', `${file}.fixed`]]],
    ['repair -o into a folder that is not there', (file) => [['repair', file, '-o', `${file}.none/vm`]]],
    ['repair -o over itself', (file) => [['repair', file, '-o', file]]],
    ['repair --in-place', (file) => [['repair', '--in-place', file]]],
    [
      'repair --in-place, twice',
      (file) => [
        ['repair', '--in-place', file],
        ['repair', '--in-place', file],
      ],
    ],
    [
      'undo',
      (file) => [
        ['repair', '--in-place', file],
        ['undo', file],
      ],
    ],
    ['undo of nothing', (file) => [['undo', file]]],
    ['show', (file) => [['show', file]]],
    ['show of an ITS that it has not', (file) => [['show', '--its', '7', file]]],
    ['pages', (file) => [['pages', file]]],
    ['diff', (file) => [['diff', file, file]]],
    ['diff --json', (file) => [['diff', '--json', file, file]]],
    ['extract', (file) => [['extract', file, '-o', `${file}.vits`]]],
    [
      'extract over a file',
      (file) => [
        ['extract', file, '-o', `${file}.vits`],
        ['extract', file, '-o', `${file}.vits`],
      ],
    ],
    ['prove', (file) => [['prove', file]]],
    ['conform', (file) => [['conform', file]]],
    ['lint', (file) => [['lint', file]]],
  ])('is not obeyed, and makes no line of its own: %s', async (_what, line) => {
    const nasty = await ranIn(folder, line, NASTY)
    const plain = await ranIn(folder, line, PLAIN)
    expect(said(nasty)).not.toMatch(obeyed)
    expect([nasty.code, linesOf(nasty)]).toEqual([plain.code, linesOf(plain)])
  })

  it.each([
    ['a command', [NASTY]],
    ['an option', ['check', `--${NASTY}`]],
    ['the value of an option', ['show', '--view', NASTY, 'vm']],
    ['a number', ['show', '--its', NASTY, 'vm']],
    ['a size', ['check', '--max-memory', NASTY, 'vm']],
    ['a kernel', ['check', '--kernel', NASTY, 'vm']],
    ['a problem', ['explain', NASTY]],
    ['a problem to mend', ['repair', '-n', '--fix', NASTY, 'vm']],
    ['a word too many', ['extract', 'vm', NASTY]],
    ['a kernel that is like one of those known', ['kernels', `6.1.0-28-${NASTY}`]],
    ['something like a suggestion', ['chekc\n(Did you mean `rm -rf`?)']],
  ])('is not obeyed where it is %s', async (_what, args) => {
    const nasty = await vits(args)
    const plain = await vits(args.map((word) => word.replace(NASTY, PLAIN).replace('\n', 'x')))
    expect(said(nasty)).not.toMatch(obeyed)
    expect([nasty.code, linesOf(nasty)]).toEqual([plain.code, linesOf(plain)])
  })

  it('is not obeyed where the lab complains of it', async () => {
    const { err } = await ranIn(folder, (file) => [['prove', file]], 'vm.mig', { lab: noLab })
    expect(err).not.toMatch(obeyed)
    expect(err.trim().split('\n')).toHaveLength(1)
  })
})

describe('what a saved VM says of itself', () => {
  /** Its machine or a device has another name wherever it has one. */
  function renamed(name: string, to: string): Uint8Array {
    const bytes = Buffer.from(fixtureBytes('ghosts.mig'))
    expect([bytes.includes(name), to.length]).toEqual([true, name.length])
    for (let at = bytes.indexOf(name); at >= 0; at = bytes.indexOf(name, at + 1)) bytes.write(to, at, 'latin1')
    return bytes
  }

  it.each([
    ['its machine', 'virt-7.2', 'v\x1b[2J\n.2'],
    ['its machine, in C1', 'virt-7.2', 'v\u009b2J\r.72'],
    ['a device', '/e1000e', '/\x1b[2J\n.'],
    ['a device, in C1', '/e1000e', '/\u009b2J\x85.e'],
  ])('is refused, in one line and not obeyed, where no VMM would say it: %s', async (_what, name, to) => {
    const files = { vm: renamed(name, to) }
    for (const line of ['check', 'check --json', 'repair -n', 'show']) {
      const ran = await vits([...line.split(' '), 'vm'], files)
      expect(said(ran)).not.toMatch(obeyed)
      expect([ran.code, ran.err.split('\n').length]).toEqual([8, 2])
      if (line === 'check --json') expect(JSON.parse(ran.out)).toMatchObject({ file: 'vm', verdict: null })
      else expect(ran.out).toBe('')
    }
  })
})

/** A recording that the model neither agrees with nor can play to its end. */
const disagreeing = (name: string) => ({
  format: 'kvm-its-golden-1',
  scenario: name,
  kernel: '6.12.117',
  steps: [
    { op: 'create_vm', vcpus: 1, ram: [{ base: '0x40000000', size: '0x10000' }], gic_init: true, its_base: '0x8080000' },
    { op: 'its_read', reg: 'GITS_TYPER', rc: name, value: '0x1ef71' },
    { op: 'raw', what: name, line: name, rc: '0' },
  ],
})

it('what a recording says of itself is not obeyed, and makes no line of its own', async () => {
  const recording = (name: string) => ({ 'r.json': new TextEncoder().encode(JSON.stringify(disagreeing(name))) })
  const nasty = await vits(['conform', 'r.json'], recording(NASTY))
  const plain = await vits(['conform', 'r.json'], recording(PLAIN))
  expect(plain.out).toContain(PLAIN)
  expect(said(nasty)).not.toMatch(obeyed)
  expect([nasty.code, linesOf(nasty)]).toEqual([plain.code, linesOf(plain)])
})

describe('the sources of the program', () => {
  const src = fileURLToPath(new URL('.', import.meta.url))
  const sources = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.ts') && !/\.test\.ts$|testing\//.test(name),
  )
  const having = (words: RegExp) => sources.filter((name) => words.test(readFileSync(join(src, name), 'utf8'))).sort()

  it('write to standard output and error in one place only', () => {
    expect(sources.length).toBeGreaterThan(60)
    expect(
      having(/process\.(stdout|stderr|_raw)|\bstd(out|err)\.write|console\.|writeSync\(|\/dev\/(stdout|stderr|tty|fd)/),
    ).toEqual(['node/terminal.ts'])
    expect(having(/openTerminal\(/)).toEqual(['main.ts', 'node/terminal.ts'])
  })

  it('make JSON for people in one place only', () => {
    // The others are for programs, the lab, QEMU and what opens files.
    expect(having(/JSON\.stringify/)).toEqual(['live/qmp.ts', 'printable.ts', 'prove/lab-program.ts', 'prove/scope-case.ts'])
  })
})
