import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'
import { usages } from '../usage/index.ts'
import { type CompletedCommand, completedCommands, shells } from './completed.ts'

const values = ({ options, word }: CompletedCommand) => [
  ...options.flatMap(({ value }) => value ?? []),
  ...(word === undefined ? [] : [word]),
]

describe('vits completion', () => {
  it.each(shells)('prints for %s every command, every option and every value that has a list', async (shell) => {
    const { code, out } = await vits(['completion', shell])
    expect(code).toBe(0)
    for (const command of completedCommands) {
      for (const word of command.name.split(' ')) expect(out).toMatch(new RegExp(`['" ]${word}['": )]`))
      for (const { long } of command.options) expect(out).toContain(shell === 'fish' ? ` -l ${long.slice(2)}` : long)
      for (const { words } of values(command)) expect(out).toContain(words.join(' '))
    }
  })

  it('knows of every option and argument what it takes', () => {
    expect(completedCommands).toHaveLength(usages.length)
    const takes = (name: string) => values(completedCommands.find((command) => command.name === name)!)
    expect(takes('live').map(({ name, paths }) => [name, paths])).toContainEqual(['folder', 'folders'])
    expect(takes('repair').find(({ isList }) => isList)?.words).toContain('D203')
    expect(
      takes('check').every(
        ({ words, paths, name }) => words.length > 0 || paths === 'files' || /size|duration|^n$|i\/n/.test(name),
      ),
    ).toBe(true)
  })

  it('refuses a shell that is not known', async () => {
    expect(await vits(['completion', 'csh'])).toMatchObject({ code: 16, out: '', err: expect.stringContaining("no shell 'csh'") })
  })
})
