import { Command as Commander } from 'commander'
import { describe, expect, it } from 'vitest'
import { register } from './command.ts'
import { commands } from './commands/index.ts'
import { choice, flag, list, text, whole } from './options/option.ts'
import { style, wantsColour } from './style.ts'
import { vits } from './testing/fake-io.ts'
import { usages } from './usage/index.ts'
import { usage } from './usage.ts'

describe('the command line', () => {
  it.each([
    ['an unknown option', ['kernels', '--frobnicate'], "unknown option '--frobnicate'"],
    ['an unknown command', ['chekc', 'x'], "unknown command 'chekc'"],
    ['an unknown command that asks for help', ['chekc', '--help'], "unknown command 'chekc'"],
    ['a kernel nobody knows', ['kernels', 'linux-2.6'], "no kernel 'linux-2.6' is known"],
  ])('refuses %s with exit 16 and one line that starts with vits', async (_what, args, message) => {
    const { code, out, err } = await vits(args)
    expect([code, out]).toEqual([16, ''])
    expect(err).toMatch(/^vits: /)
    expect(err).toContain(message)
  })

  it('shows what it can do when asked, and when given nothing at all', async () => {
    const help = await vits(['--help'])
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain('Exit status')
    const { code, err } = await vits([])
    expect([code, [...err.matchAll(/^ {2}vits (\w+)/gm)].map(([, name]) => name)]).toEqual([16, ['check', 'repair', 'explain']])
    expect(err).toContain('vits --help lists every command')
  })

  it('helps in both ways of asking', async () => {
    const [word, option] = [await vits(['help', 'check']), await vits(['check', '--help'])]
    expect([word.code, word.out]).toEqual([0, option.out])
  })

  it('says something of every command, and ends no line of help inside a sentence that has room', async () => {
    expect((await vits(['--help'])).out).not.toMatch(/^ {2}\w+( \[options\])?$/m)
    expect((await vits(['repair', '--help'])).out).toContain('audited again and restored as every known kernel does; only')
  })

  it('does something for each command that it has a usage of', () => {
    expect(Object.keys(commands).sort()).toEqual(usages.map(({ name }) => name).sort())
  })

  it('gives every command an example', async () => {
    const listed = (await vits(['--help'])).out.matchAll(/^ {2}([a-z]+) (?=.* {2}\S)/gm)
    const names = [...listed].map(([, name]) => name!).filter((name) => name !== 'help' && name !== 'demo')
    expect(names).toEqual(expect.arrayContaining(['check', 'repair', 'undo', 'selftest']))
    for (const name of [...names, 'demo orphan', 'selftest heads', 'selftest vlpi']) {
      expect((await vits([...name.split(' '), '--help'])).out).toContain(`Examples:\n  $ vits ${name}`)
    }
  })
})

describe('the options of a command', () => {
  const parse = async (args: string[]) => {
    let seen: unknown
    const probe = usage({
      name: 'probe',
      args: '[words...]',
      summary: 'shows what was parsed',
      examples: [],
      options: {
        json: flag('--json', ''),
        output: text('-o, --output <file>', ''),
        view: choice('--view <view>', '', ['tables', 'guest']),
        count: whole('-n, --count <n>', '', { initial: 4, most: 64 }),
        fix: list('--fix <codes>', ''),
      },
    })
    const program = new Commander().exitOverride().configureOutput({ writeErr: () => {} })
    register(program, probe, style(false), async (words, options) => {
      seen = { words, ...options }
    })
    for (const added of program.commands) added.copyInheritedSettings(program)
    await program.parseAsync(['probe', ...args], { from: 'user' })
    return seen
  }

  it('have their initial value when not given', async () => {
    expect(await parse([])).toEqual({ words: [], json: false, output: undefined, view: 'tables', count: 4, fix: [] })
  })

  it('are read by type, lists from commas and repetition', async () => {
    expect(
      await parse(['a', '--json', '-o', 'x', '--view', 'guest', '-n', '0x10', '--fix', 'D203,I304', '--fix', 'C101', 'b']),
    ).toEqual({
      words: ['a', 'b'],
      json: true,
      output: 'x',
      view: 'guest',
      count: 16,
      fix: ['D203', 'I304', 'C101'],
    })
  })

  it.each([
    ['--view', 'sideways'],
    ['-n', '65'],
    ['-n', 'many'],
  ])('refuse %s %s', async (...args) => {
    await expect(parse(args)).rejects.toThrow(args[1])
  })
})

describe('colour', () => {
  it.each`
    env                                         | terminal | colour
    ${{}}                                       | ${true}  | ${true}
    ${{}}                                       | ${false} | ${false}
    ${{ TERM: 'dumb' }}                         | ${true}  | ${false}
    ${{ NO_COLOR: '1' }}                        | ${true}  | ${false}
    ${{ NO_COLOR: '' }}                         | ${true}  | ${true}
    ${{ FORCE_COLOR: '1' }}                     | ${false} | ${true}
    ${{ FORCE_COLOR: '0' }}                     | ${true}  | ${false}
    ${{ FORCE_COLOR: '1', NO_COLOR: 'please' }} | ${true}  | ${false}
  `('with $env on a terminal: $terminal is $colour', ({ env, terminal, colour }) => {
    expect(wantsColour(env, terminal)).toBe(colour)
    expect(style(colour).bad('x') === 'x').toBe(!colour)
  })
})
