import { headings, type ProblemCode, problems, type RuleName, ruleNames, ruleRow } from '@vits/core/audit'
import { explainDocument } from '@vits/core/documents'
import { ExitCode } from '../exit-code.ts'
import { jsonText } from '../printable.ts'
import { problemNamed } from '../problem-named.ts'
import { wrap } from '../render/words.ts'
import type { Style } from '../style.ts'
import type { explain } from '../usage/explain.ts'
import type { Run } from '../usage.ts'

const allCodes = Object.keys(problems) as ProblemCode[]

/** Says what a problem is, why it happens and what mends it; of a rule, what it lets a witness say. */
export const run: Run<typeof explain> = async (words, { json }, { out, style }) => {
  const rules = words.flatMap((word) => ruleOf(word) ?? [])
  const codes = words.filter((word) => ruleOf(word) === undefined).map(problemNamed)
  const chosen = words.length > 0 ? codes : allCodes
  if (json) out(jsonText(explainDocument(chosen, rules)))
  else if (words.length === 0) {
    for (const code of chosen) out(`${code} ${problems[code].slug.padEnd(30)} ${problems[code].usually}\n`)
  } else {
    for (const code of chosen) {
      const { slug, usually, help } = problems[code]
      out(`${style.bold(`${code} ${slug}`)} · usually ${usually}\n\n`)
      for (const [key, heading] of headings) out(`${wrap(help[key], heading)}\n`)
    }
    for (const rule of rules) out(ruleText(rule, style))
  }
  return ExitCode.Ok
}

function ruleOf(word: string): RuleName | undefined {
  return ruleNames.find((name) => name.toLowerCase() === word.toLowerCase())
}

function ruleText(rule: RuleName, style: Style): string {
  const { witness, says, when, limit, holds, source } = ruleRow(rule)
  const parts = [
    ['When', when],
    ['Limit', limit],
    ['For', holds],
    ['See', source],
  ] as const
  const heading = `${style.bold(rule)} · the ${witness} says: ${says}`
  return `${heading}\n\n${parts.map(([name, text]) => `${wrap(text, name)}\n`).join('')}`
}
