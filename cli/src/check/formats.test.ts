import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { beforeAll, describe, expect, it } from 'vitest'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'
import { type CheckFormat, formatNames } from './formats.ts'

const fixture = (name: string) => fixtureFile(name).pathname
const nasty = 'a|b`<&">\x1b]0;x\x07.vits'
const files = [fixture('odd-reinit-s1.vits'), fixture('two-itses.vits'), `no ${nasty}`]

const said = new Map<CheckFormat, string>()
beforeAll(async () => {
  for (const format of formatNames) {
    const { code, out } = await vits(['check', '--format', format, ...files])
    expect(code).toBe(4 | 8)
    said.set(format, out)
  }
})

it('none has in it what a terminal would obey', () => {
  for (const out of said.values()) expect(out).not.toMatch(/[^\P{Cc}\n]/u)
})

describe('SARIF', () => {
  // The schema is of draft 4, of which it uses nothing that later drafts have otherwise.
  const schema = JSON.parse(readFileSync(new URL('../../../fixtures/schemas/sarif-2.1.0.json', import.meta.url), 'utf8'))
  const validate = new Ajv({ strict: false, validateFormats: false, unicodeRegExp: false }).compile(schema)

  it.each([
    ['files of every kind', files],
    ['a file that is well', files.slice(0, 1)],
    ['no file', []],
  ])('is as the schema of OASIS says: %s', async (_what, of) => {
    const list = new TextEncoder().encode(of.join('\n'))
    const { out } = await vits(['check', '--format', 'sarif', '--manifest', 'list'], { list })
    expect([validate(JSON.parse(out)), validate.errors]).toEqual([true, null])
  })

  it('is refused by that schema where it is anything else', () => {
    const log = JSON.parse(said.get('sarif')!)
    log.runs[0].results[0].level = 'fatal'
    expect(validate(log)).toBe(false)
  })

  it('has a result for each finding with its rule, its file and its address, and a notification for what was not read', () => {
    const [{ tool, results, invocations }] = JSON.parse(said.get('sarif')!).runs
    const found = JSON.parse(said.get('json')!).flatMap(({ findings = [] }) => findings)
    expect(results).toHaveLength(found.length)
    const worst = results.find(({ level }: { level: string }) => level === 'error')
    expect(worst).toMatchObject({
      ruleId: 'D207',
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: `file://${files[1]}` },
            address: { absoluteAddress: Number(found.find(({ code }: { code: string }) => code === 'D207').gpa) },
          },
        },
      ],
      properties: { severity: 'corrupts', verdict: 'corrupts' },
    })
    expect(tool.driver.rules.map(({ id }: { id: string }) => id)).toContain('D207')
    expect(invocations).toMatchObject([
      {
        executionSuccessful: false,
        toolExecutionNotifications: [
          {
            level: 'error',
            message: { text: 'no such file' },
            locations: [{ physicalLocation: { artifactLocation: { uri: encodeURIComponent(`no ${nasty}`) } } }],
          },
        ],
      },
    ])
  })
})

describe('JUnit XML', () => {
  /** Elements as they open and close; anything that is no element or text is not well-formed. */
  const elements = (xml: string) => {
    const rest = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, '')
    const open: string[] = []
    const seen: { name: string; attributes: Record<string, string>; within: string | undefined; text: string }[] = []
    for (const [whole, close, name = '', attributes = '', empty, text = ''] of rest.matchAll(
      /<(\/?)([a-z]+)((?: [a-z]+="[^"<]*")*)(\/?)>([^<>]*)|./gs,
    )) {
      expect(whole).toMatch(/^</)
      expect(`${attributes}${text}`.replace(/&(lt|gt|amp|quot|#10);/g, '')).not.toContain('&')
      if (close === '/') expect(open.pop()).toBe(name)
      else {
        const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key, value]) => [key!, value!])
        seen.push({ name, attributes: Object.fromEntries(pairs), within: open.at(-1), text })
        if (empty !== '/') open.push(name)
      }
    }
    expect(open).toEqual([])
    return seen
  }

  it('is well-formed, and has a test case for each file: a failure, an error or neither', () => {
    const [suites, suite, ...cases] = elements(said.get('junit')!)
    expect([suites!.name, suite!.name, suite!.attributes]).toEqual([
      'testsuites',
      'testsuite',
      { name: 'vits check', tests: '3', failures: '1', errors: '1', skipped: '0' },
    ])
    expect(cases.map(({ name, within }) => [name, within])).toEqual([
      ['testcase', 'testsuite'],
      ['testcase', 'testsuite'],
      ['failure', 'testcase'],
      ['testcase', 'testsuite'],
      ['error', 'testcase'],
    ])
    expect(cases[2]).toMatchObject({
      attributes: { type: 'corrupts', message: 'D207' },
      text: expect.stringContaining('D207 orphan-ends-scan: '),
    })
    expect(cases[4]).toMatchObject({ attributes: { type: 'unreadable' }, text: 'no such file' })
  })
})

describe('a file that restores, and is a problem as it was asked', () => {
  it('is one in every format that counts: on another kernel, or for its leftovers', async () => {
    const list = new TextEncoder().encode(fixture('scattered-clean.mig.zst'))
    const ask = (...args: string[]) => vits(['check', '--manifest', 'list', ...args], { list })
    const table = await ask('--kernel', 'all')
    const junit = await ask('--kernel', 'all', '--format', 'junit')
    expect([table.code, table.out]).toEqual([4, expect.stringMatching(/^restores .* not on linux-4\.13/)])
    expect(table.out).toContain('1 of those that restore counts as a problem, as was asked.')
    expect([junit.code, junit.out]).toEqual([
      4,
      expect.stringMatching(/failures="1".*<failure type="restores" message="[^"]*not on linux-4\.13/s),
    ])
  })
})

describe('Markdown', () => {
  it('has a table of several files, whose names are no mark-up, and a section for each that does not restore', () => {
    const lines = said.get('markdown')!.split('\n')
    expect(lines.slice(0, 2)).toEqual(['| file | verdict | |', '|---|---|---|'])
    expect(lines[4]).toBe('| `` no a\\|b`<&">\\x1b]0;x\\x07.vits `` | unreadable | no such file |')
    expect(lines.filter((line) => line.startsWith('### '))).toHaveLength(2)
    expect(lines.at(-2)).toBe('vits 0.0.0')
  })

  it('of one file is what a bug report needs, with the whole report where that is asked for', async () => {
    const { out } = await vits(['check', '-v', '--format', 'markdown', files[1]!])
    expect(out).toMatch(/^### `.*two-itses\.vits`: the restore succeeds and the guest loses/)
    expect(out).toContain('| judged for | linux-')
    expect(out).toContain('* **D207 orphan-ends-scan** (corrupts, proven): DeviceID 0x8 is an orphan')
    expect(out).toContain((await vits(['check', '-v', files[1]!])).out.trimEnd())
  })
})

describe('JSON', () => {
  it('is an array of several documents, and a line for each as JSON Lines', async () => {
    const array = JSON.parse(said.get('json')!)
    const lines = said.get('jsonl')!.trim().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toEqual(array)
    expect(array.map(({ verdict }: { verdict: string }) => verdict)).toEqual(['restores', 'corrupts', null])
    expect((await vits(['check', '--format', 'json', files[1]!])).out).toBe((await vits(['check', '--json', files[1]!])).out)
    const none = { list: new Uint8Array() }
    expect((await vits(['check', '--format', 'json', '--manifest', 'list'], none)).out).toBe('[]\n')
  })
})
