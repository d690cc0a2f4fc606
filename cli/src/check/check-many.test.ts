import { appendFile, copyFile, mkdir, mkdtemp, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'
import { isIn, shardOf } from './shard.ts'

const fixture = (name: string) => fixtureFile(name).pathname

let root: string
let folder: string
const path = (name: string) => join(folder, name)
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'vits-many-'))
})
afterAll(() => rm(root, { recursive: true }))
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'test-'))
})

/** One that is wrong, one that is well, and below them one more, beside what is no VM. */
async function fleet(): Promise<string> {
  await mkdir(path('fleet/below'), { recursive: true })
  await copyFile(fixture('two-itses.vits'), path('fleet/b.vits'))
  await copyFile(fixture('odd-reinit-s1.vits'), path('fleet/a.vits'))
  await copyFile(fixture('odd-reinit-s1.vits'), path('fleet/below/c.vits'))
  await writeFile(path('fleet/notes.txt'), 'no VM')
  await writeFile(path('fleet/.hidden.vits'), 'no VM')
  await symlink('..', path('fleet/below/round'))
  return path('fleet')
}

const documents = (out: string) =>
  out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
const filesIn = (out: string) => documents(out).map(({ file }) => file.slice(folder.length + 1))
const stateLines = (out: string) =>
  out.split('\n').filter((line) => /^(fails|corrupts|restores|unreadable|undecided) /.test(line))

describe('check of many files', () => {
  it('has a line for each VM in a folder and below, and what all come to, the worst first', async () => {
    const { code, out, err } = await vits(['check', await fleet(), '/nowhere'])
    expect([code, err]).toEqual([4 | 8, ''])
    expect(stateLines(out).map((line) => line.replace(folder, '').replace(/ +/g, ' '))).toEqual([
      'restores /fleet/a.vits',
      'corrupts /fleet/b.vits D207',
      'restores /fleet/below/c.vits',
      'unreadable /nowhere no such file',
    ])
    expect(out.slice(out.indexOf('\n4 files'))).toBe(`
4 files
  1  corrupts    the restore succeeds and the guest loses, gains or misdirects interrupts
  1  unreadable  could not be read, or is no saved VM
  2  restores    every interrupt comes back
Problems:
  D207 orphan-ends-scan  in 1 file
1 other file in the folders passed over: no part of a saved VM.

  vits check ${path('fleet/b.vits')}  its report (-v: the report of each)
`)
  })

  it('has the report of each with -v', async () => {
    const [well, wrong] = [fixture('odd-reinit-s1.vits'), fixture('two-itses.vits')]
    const { out } = await vits(['check', '-v', well, wrong])
    for (const file of [well, wrong]) expect(out).toContain((await vits(['check', '-v', file])).out)
    expect(out).toContain('\n2 files\n')
  })

  it.each([
    ['*.vits', ['a.vits', 'b.vits']],
    ['[!a]*.vits', ['b.vits']],
    ['?.vits', ['a.vits', 'b.vits']],
    ['**/*.vits', ['a.vits', 'b.vits', 'below/c.vits']],
    ['be*/c.vits', ['below/c.vits']],
    ['[z-a].vits', ['[z-a].vits']],
    ['[b', ['[b']],
  ])('takes a pattern in quotes: %s', async (pattern, files) => {
    await rm(join(await fleet(), 'below/round'))
    const { out } = await vits(['check', '--format', 'jsonl', path(`fleet/${pattern}`)])
    expect(filesIn(out)).toEqual(files.map((file) => `fleet/${file}`))
  })

  it('takes a folder that is one VM of several files for one, wherever it lies', async () => {
    await mkdir(path('fleet/vm'), { recursive: true })
    const { out: registers } = await vits(['show', '--view', 'registers', '--json', fixture('odd-reinit-s1.vits')])
    await writeFile(path('fleet/vm/registers.json'), registers)
    await writeFile(path('fleet/vm/memory'), '')
    await copyFile(fixture('odd-reinit-s1.vits'), path('fleet/a.vits'))
    const { out } = await vits(['check', '--json', path('fleet')])
    expect(filesIn(out)).toEqual(['fleet/a.vits', 'fleet/vm'])
  })

  it('takes lists of paths, one a line or ended by NUL, and keeps what is named in them as it is', async () => {
    const odd = path('a [1]*\n.vits')
    await copyFile(fixture('odd-reinit-s1.vits'), odd)
    await writeFile(path('nul'), `${odd}\0${fixture('two-itses.vits')}\0`)
    await writeFile(path('lines'), `${fixture('two-itses.vits')}\r\n\n${path('not there')}\n`)
    expect(documents((await vits(['check', '--json', '-0', '--manifest', path('nul')])).out).map(({ file }) => file)).toEqual([
      odd,
      fixture('two-itses.vits'),
    ])
    const { code, out } = await vits(['check', '--json', '--manifest', path('lines')])
    expect([code, documents(out).map(({ verdict }) => verdict)]).toEqual([4 | 8, ['corrupts', null]])
  })

  it('names a list that cannot be read', async () => {
    const { code, err } = await vits(['check', '--manifest', path('none')])
    expect([code, err]).toEqual([8, `vits: ${path('none')}: no such file\n`])
  })

  it.each([
    [[], 'name a file'],
    [['-', '--manifest', '-'], 'standard input is the list of files, or one of them'],
    [['a', 'b', '--mem', 'c'], 'files of one VM'],
    [['a', 'b', '--vgic-its-state', 'c'], 'tells of one VM'],
    [['a', '--json', '--format', 'sarif'], 'exclude each other'],
    [['a', '--shard', '3/3'], 'shards of 3 are 0/3 to 2/3, and this is 3'],
    [['a', '--shard', '3'], 'neither JOB_COMPLETION_INDEX nor'],
    [['a', '--shard', 'x'], 'a shard is i/n'],
    [['a', '--format', 'xml'], 'Allowed choices are text, table, json, jsonl, sarif, junit, markdown'],
    [['a', 'b', '--kernel', 'none'], "no kernel 'none'"],
  ])('refuses %j', async (args, words) => {
    const { code, out, err } = await vits(['check', ...args])
    expect([code, out, err]).toEqual([16, '', expect.stringContaining(words)])
  })
})

describe('shards', () => {
  it('have every file once between them, whatever it is called', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.string(), (of, file) => {
        const having = Array.from({ length: of }, (_, index) => ({ index, of })).filter((shard) => isIn(shard, file))
        expect(having).toHaveLength(1)
      }),
    )
  })

  it('are told by the environment as Kubernetes and AWS Batch tell it', () => {
    expect(shardOf('10', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 3, of: 10 })
    expect(shardOf('10', { AWS_BATCH_JOB_ARRAY_INDEX: '0' })).toEqual({ index: 0, of: 10 })
    expect(shardOf('1/10', { JOB_COMPLETION_INDEX: '3' })).toEqual({ index: 1, of: 10 })
  })

  it('divide what is named', async () => {
    const all = await fleet()
    const parts = await Promise.all([0, 1].map(async (i) => (await vits(['check', '--json', '--shard', `${i}/2`, all])).out))
    expect(parts.flatMap((out) => (out === '' ? [] : filesIn(out))).sort()).toEqual([
      'fleet/a.vits',
      'fleet/b.vits',
      'fleet/below/c.vits',
    ])
  })
})

describe('--resume', () => {
  const answered = async (name = 'answers') => documents(await readFile(path(name), 'utf8'))
  /** How many files are opened for a check. */
  const asked = async (args: readonly string[]) => {
    let read = 0
    const { openFile } = await import('../node/open-file.ts')
    const ran = await vits(
      args,
      {},
      {
        open: (file) => {
          if (file.endsWith('.vits')) read++
          return openFile(file)
        },
      },
    )
    return { ...ran, read }
  }

  it('goes on where a run was killed, in the middle of a line too, with the same output', async () => {
    const args = [
      'check',
      fixture('two-itses.vits'),
      fixture('odd-reinit-s1.vits'),
      fixture('lost-split.vits'),
      '--resume',
      path('answers'),
    ]
    const whole = await vits(args)
    const text = await readFile(path('answers'), 'utf8')
    expect((await answered()).map(({ verdict }) => verdict)).toEqual(['corrupts', 'restores', 'corrupts'])
    for (const [left, read] of [
      [text, 0],
      [text.slice(0, text.indexOf('\n') + 1000), 2],
      [text.slice(0, 5), 3],
      ['', 3],
    ] as const) {
      await writeFile(path('answers'), left)
      const again = await asked(args)
      expect([again.code, again.out, again.read]).toEqual([whole.code, whole.out, read])
      expect(await readFile(path('answers'), 'utf8')).toBe(text)
    }
  })

  it('asks again what has changed, what was asked otherwise and what could not be read, and each file has one answer', async () => {
    const [one, two] = [path('one.vits'), path('two.vits')]
    await copyFile(fixture('odd-reinit-s1.vits'), one)
    await copyFile(fixture('odd-reinit-s1.vits'), two)
    const args = ['check', one, two, path('none.vits'), '--resume', path('answers')]
    expect((await asked(args)).read).toBe(3)
    expect((await asked(args)).read).toBe(1)
    await copyFile(fixture('two-itses.vits'), two)
    expect([
      (await asked(args)).code,
      (await answered()).map(({ file, verdict }) => [file.slice(folder.length + 1), verdict]),
    ]).toEqual([
      4 | 8,
      [
        ['one.vits', 'restores'],
        ['two.vits', 'corrupts'],
        ['none.vits', null],
      ],
    ])
    await utimes(one, 1, 1)
    expect((await asked(args)).read).toBe(2)
    expect((await asked([...args, '--strict'])).read).toBe(3)
    expect(await answered()).toHaveLength(3)
  })

  it('keeps the answers of other files, and refuses a file of anything else', async () => {
    await vits(['check', fixture('two-itses.vits'), '--resume', path('answers')])
    await vits(['check', fixture('odd-reinit-s1.vits'), '--resume', path('answers')])
    expect(await answered()).toHaveLength(2)
    for (const text of ['a VM\n', 'a VM']) {
      await writeFile(path('else'), text)
      const { code, err } = await vits(['check', fixture('two-itses.vits'), '--resume', path('else')])
      expect([code, err, await readFile(path('else'), 'utf8')]).toEqual([
        8,
        expect.stringContaining('is no list of answers'),
        text,
      ])
    }
    await appendFile(path('answers'), '{}\n')
    expect((await vits(['check', fixture('two-itses.vits'), '--resume', path('answers')])).code).toBe(8)
  })
})

describe('what could not be read', () => {
  it('has its document, with what the operating system or the format says', async () => {
    await writeFile(path('vm.mig'), fixtureBytes('ghosts.mig').subarray(0, 50_000))
    const { code, out, err } = await vits(['check', '--json', path('vm.mig'), path('none')])
    expect(code).toBe(8)
    expect(err.split('\n')).toHaveLength(3)
    const [cut, none] = documents(out)
    expect(cut).toMatchObject({ schema: 1, file: path('vm.mig'), verdict: null, error: { errno: null, offset: 50_000 } })
    expect(cut.asked).toMatchObject({ exit: 8, files: [{ name: path('vm.mig'), bytes: 50_000 }] })
    expect(none).toMatchObject({
      file: path('none'),
      verdict: null,
      error: { says: 'no such file', errno: 'ENOENT', offset: null },
    })
  })
})
