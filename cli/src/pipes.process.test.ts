import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../core/src/formats/testing/fixtures.ts'
import { style } from './style.ts'
import { vits } from './testing/fake-io.ts'

const program = fileURLToPath(new URL('../bin/vits.js', import.meta.url))
const packed = fileURLToPath(fixtureFile('ghosts.mig.zst'))

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-pipes-'))
  file = join(folder, 'vm.mig')
  await writeFile(file, fixtureBytes('ghosts.mig'))
  await writeFile(`${file}.gz`, gzipSync(fixtureBytes('ghosts.mig')))
})
afterAll(() => rm(folder, { recursive: true }))

/** Runs the program in a shell, where it is `vits`; `$1` is a saved VM, `$2` the same in zstd. */
function shell(script: string) {
  const vits = `vits() { "${process.execPath}" "${program}" "$@"; }; ${script}`
  const { status, stdout, stderr } = spawnSync('bash', ['-c', vits, 'bash', file, packed], {
    timeout: 60_000,
    env: { ...process.env, COLUMNS: `${WIDE}` },
  })
  return { status, out: stdout.toString(), err: stderr.toString() }
}

/** Nothing of this VM is folded. */
const WIDE = 200

describe('a saved VM', () => {
  it.each([
    ['through a pipe', 'cat "$1" | vits check -', '-'],
    ['through a pipe, in zstd', 'cat "$2" | vits check -', '-'],
    ['through a pipe, in gzip', 'cat "$1.gz" | vits check -', '-'],
    ['as standard input', 'vits check - < "$1"', '-'],
    ['from a program that the shell gives a name', 'vits check <(cat "$1")', '/dev/fd/63'],
    [
      'through a FIFO whose writer comes late',
      'mkfifo "$1.fifo"; { sleep 1; cat "$1" > "$1.fifo"; } & vits check "$1.fifo"',
      'fifo',
    ],
  ])('is judged %s as it is in its file', async (_, script, name) => {
    const { status, out, err } = shell(script)
    const known = await vits(['check', file], {}, { style: style(false, WIDE) })
    const judged = (text: string) => text.slice(0, text.indexOf('\n  vits repair')).replaceAll(file, 'VM').replaceAll(name, 'VM')
    expect([status, err]).toEqual([known.code, ''])
    expect(judged(out.replaceAll(`${file}.fifo`, 'fifo'))).toBe(judged(known.out))
  })

  it('through a socket, as another program may give it, too', () => {
    const { status, stdout } = spawnSync(process.execPath, [program, 'check', '-'], { input: fixtureBytes('ghosts.mig') })
    expect([status, stdout.toString().includes('D203')]).toEqual([4, true])
  })

  it('through a pipe is repaired as its file is, into a file that nobody else may read', async () => {
    const [one, other] = [`${file}.one`, `${file}.other`]
    expect((await vits(['repair', '-p', file, '-o', one])).code).toBe(0)
    const { status, out } = shell('cat "$1" | vits repair -p - -o "$1.other"')
    expect([status, out.includes('It was read back and audited.')]).toEqual([0, true])
    expect((await readFile(one)).equals(await readFile(other))).toBe(true)
    expect((await stat(other)).mode & 0o777).toBe(0o600)
  })

  it('through a pipe is not repaired in place', () => {
    for (const script of ['vits repair --in-place - < "$1"', 'vits repair --in-place <(cat "$1")']) {
      const { status, err } = shell(script)
      expect([status, err]).toEqual([
        8,
        expect.stringContaining('what is no file, as a pipe or a disk, cannot be changed in place: use -o\n'),
      ])
    }
  })
})
