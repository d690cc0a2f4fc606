import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

/** A part of a file that an example changes: the lines before and after. */
interface Hunk {
  readonly file: string
  readonly isNew: boolean
  readonly before: readonly string[]
}

const page = readFileSync('CONTRIBUTING.md', 'utf8')
const hunks = [...page.matchAll(/^```diff\n(.*?)^```/gms)].flatMap(([, diff]) => hunksOf(diff!))

function hunksOf(diff: string): Hunk[] {
  return diff.split(/^(?=--- )/m).flatMap((part) => {
    const [, from, file] = /^--- (?:a\/)?(\S+)\n\+\+\+ b\/(\S+)\n/.exec(part)!
    const parts = part.split(/^@@ .*\n/m).slice(1)
    return parts.map((text) => ({
      file: file!,
      isNew: from === '/dev/null',
      before: text
        .split('\n')
        .filter((line) => /^[ -]/.test(line))
        .map((line) => line.slice(1)),
    }))
  })
}

describe('an example of CONTRIBUTING.md', () => {
  it('is there for a quirk, a problem, a format and a profile', () => {
    const files = hunks.map(({ file }) => file)
    for (const folder of ['abi/quirks', 'audit/problems', 'formats', 'abi/profiles']) {
      expect(files.some((file) => file.startsWith(`core/src/${folder}`))).toBe(true)
    }
  })

  it.each(hunks.map((hunk) => [hunk.file, hunk] as const))('fits %s as it is', (file, { isNew, before }) => {
    if (isNew) expect(existsSync(file), `${file} is there now: the example needs another name`).toBe(false)
    else expect(readFileSync(file, 'utf8'), 'the example no longer applies: change it with the code').toContain(before.join('\n'))
  })

  it('names scripts that there are', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> }
    for (const [, name] of page.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name!])
  })
})
