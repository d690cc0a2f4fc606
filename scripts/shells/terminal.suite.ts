import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { style } from '../../cli/src/style.ts'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { fixtureFile } from '../../core/src/formats/testing/fixtures.ts'

const program = fileURLToPath(new URL('../../cli/bin/vits.js', import.meta.url))
const saved = fileURLToPath(new URL('../../fixtures/saved', import.meta.url))
const LINES = 300
const WAIT = 20_000

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-tmux-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** What a terminal shows of a command line: with its colours as escapes, and without. */
async function shown(args: readonly string[], width: number): Promise<{ readonly coloured: string; readonly plain: string }> {
  const socket = ['-S', join(folder, `${width}`), '-f', '/dev/null']
  const tmux = (...words: readonly string[]) => spawnSync('tmux', [...socket, ...words], { timeout: WAIT }).stdout.toString()
  const run = [process.execPath, program, ...args].map((word) => `'${word}'`).join(' ')
  const command = `env -u COLUMNS -u NO_COLOR -u FORCE_COLOR ${run}; tmux -S '${join(folder, `${width}`)}' wait-for -S done; sleep 60`
  tmux('new-session', '-d', '-c', saved, '-x', `${width}`, '-y', `${LINES}`, command)
  try {
    tmux('wait-for', 'done')
    return { coloured: tmux('capture-pane', '-p', '-e'), plain: tmux('capture-pane', '-p') }
  } finally {
    tmux('kill-server')
  }
}

describe('a real terminal', () => {
  it.each([60, 80, 120, 200])('of %i columns shows each line as it was laid out for it, in colours', async (width) => {
    const name = 'scattered-unrestorable.mig.zst'
    const args = ['check', name]
    const { coloured, plain } = await shown(args, width)
    const { out } = await vits(args, { [name]: await readFile(fixtureFile(name)) }, { style: style(false, width, true) })
    expect(plain.trimEnd()).toBe(out.trimEnd())
    expect(stripVTControlCharacters(coloured).trimEnd()).toBe(plain.trimEnd())
    expect(coloured).toContain('\u001b[31m')
  })

  it('is one of 100 columns for what goes into a file, or as many as COLUMNS says', async () => {
    const to = join(folder, 'out')
    const file = fixtureFile('healthy.mig.zst').pathname
    for (const [columns, width] of [
      ['', 100],
      ['72', 72],
    ] as const) {
      spawnSync('sh', ['-c', `"$0" "$1" check "$2" > "$3"`, process.execPath, program, file, to], {
        env: { ...process.env, COLUMNS: columns },
      })
      expect(await readFile(to, 'utf8')).toBe((await vits(['check', file], {}, { style: style(false, width) })).out)
    }
  })
})
