import { readFileSync } from 'node:fs'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it } from 'vitest'
import { fixtureBytes, fixtureFile } from '../../core/src/formats/testing/fixtures.ts'
import { displayWidth } from './render/display-width.ts'
import { style } from './style.ts'
import { vits } from './testing/fake-io.ts'

const files = {
  'bad.mig': fixtureBytes('scattered-unrestorable.mig'),
  'good.mig': fixtureBytes('healthy.mig'),
  'before.mig': fixtureBytes('before-churn.mig'),
  'after.mig': fixtureBytes('churned.mig'),
  'hangs.vits': readFileSync(fixtureFile('lost-split.vits')),
  'two.vits': readFileSync(fixtureFile('two-itses.vits')),
  'trace.jsonl': readFileSync(new URL('../../fixtures/traces/restore-ctlr-first.jsonl', import.meta.url)),
}

/** What was looked at in a terminal of each width. */
const pictured = {
  help: 'undo --help',
  'check-good': 'check good.mig',
  'check-bad': 'check bad.mig',
  'check-why-hang': 'check --why-hang hangs.vits',
  show: 'show good.mig',
  'show-raw': 'show --raw --name disk good.mig',
  'repair-plan': 'repair -n bad.mig',
  explain: 'explain D207',
  diff: 'diff before.mig after.mig',
  kernels: 'kernels',
}

const others = [
  '--help',
  'repair --help',
  'check --kernel all bad.mig',
  'check -v two.vits',
  'check good.mig bad.mig none.mig',
  'check -v good.mig bad.mig',
  'diff good.mig bad.mig',
  'show --view restored bad.mig',
  'explain EINVAL',
  'check --help',
  'show --view pending hangs.vits',
  'show --view registers two.vits',
  'pages good.mig',
  'lint trace.jsonl',
  'explain',
  'explain R-chain-gap',
  'formats',
  'kernels linux-5.10',
  'selftest vlpi --lpis 64 --vcpus 2 --software 8',
  'demo orphan',
]

const ran = (line: string, width: number, colour = false) =>
  vits(line.split(' '), files, { style: style(colour, width, true), now: () => 0 })

/** A line that is wider is one word, behind its indentation and what goes before the first word of a text. */
const fits = (line: string, width: number) => displayWidth(line) <= width || /^ *\S+$/.test(line)

describe.each([60, 80, 120, 200])('on a terminal of %i columns', (width) => {
  it.each(Object.entries(pictured))('%s is laid out for it, and colours change no column', async (name, line) => {
    const { out } = await ran(line, width)
    expect(out.split('\n').filter((one) => !fits(one, width))).toEqual([])
    await expect(out).toMatchFileSnapshot(`testing/captures/${name}.${width}.txt`)
    if (width === 80) expect(stripVTControlCharacters((await ran(line, width, true)).out)).toBe(out)
  })
})

it.each(others)('no line is too wide for a narrow terminal: %s', async (line) => {
  const { out, err } = await ran(line, 60)
  expect([err.replace(/^vits: none\.mig: .*\n/, ''), out.split('\n').filter((one) => !fits(one, 60))]).toEqual(['', []])
})
