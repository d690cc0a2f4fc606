import { headings, problems } from '@vits/core/audit'
import { explainDocument } from '@vits/core/documents'
import { command, flag } from '../command.ts'
import { ExitCode } from '../exit-code.ts'
import { problemNamed } from '../problem-named.ts'
import { wrap } from '../render/words.ts'

/** Says what a problem is, why it happens and what mends it. */
export const explain = command({
  name: 'explain',
  args: '[problem...]',
  summary: 'say what a problem is, why it happens and what mends it',
  examples: ['explain D203', 'explain ite-hides-events', 'explain'],
  options: { json: flag('--json', 'print one JSON document') },
  run: async (words, { json }, { out, style }) => {
    const codes = words.map(problemNamed)
    const chosen = codes.length > 0 ? codes : (Object.keys(problems) as (keyof typeof problems)[])
    if (json) out(`${JSON.stringify(explainDocument(chosen), null, 2)}\n`)
    else if (codes.length === 0) {
      for (const code of chosen) out(`${code} ${problems[code].slug.padEnd(30)} ${problems[code].usually}\n`)
    } else {
      for (const code of chosen) {
        const { slug, usually, help } = problems[code]
        out(`${style.bold(`${code} ${slug}`)} · usually ${usually}\n\n`)
        for (const [key, heading] of headings) out(`${wrap(help[key], heading)}\n`)
      }
    }
    return ExitCode.Ok
  },
})
