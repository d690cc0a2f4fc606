import { hex, hexWord, kernelSpans } from '@vits/core/abi'
import { entryFields } from '@vits/core/audit'
import type { ScopeDocument, WrongRestoreDocument } from '@vits/core/documents'
import { wordsWritten } from '@vits/core/scope'
import { historyOf } from '../../lab/src/scope/found.ts'
import type { PlayedKernel } from '../../lab/src/scope/results.ts'
import { number } from './numbers.ts'

/** A way in which restores of one scope are wrong, and where it is told. */
export interface Story {
  readonly id: string
  readonly in: ScopeDocument
  readonly wrong: WrongRestoreDocument
  /** The scopes that have it with the same shortest history. */
  readonly names: readonly string[]
  /** Something of it goes wrong in no story before of the same kernel and way to save. */
  readonly isNew: boolean
}

/** Each wrong restore of scopes, told once for each kernel and way to save: in the first scope that has it. */
export function stories(results: readonly ScopeDocument[]): ReadonlyMap<string, Story> {
  const found = new Map<string, Story>()
  const known = new Set<string>()
  for (const one of results) {
    for (const wrong of one.wrong) {
      const key = keyOf(one, wrong)
      const told = found.get(key)
      if (told !== undefined) {
        if (stepsOf(told.wrong) === stepsOf(wrong)) found.set(key, { ...told, names: [...told.names, one.name] })
        continue
      }
      const { kernel, save } = one.scope
      const parts = [...wrong.kind.split(' + '), ...wrong.misuse].map((part) => [kernel, save, part].join('|'))
      const isNew = parts.some((part) => !known.has(part))
      found.set(key, { id: `w${found.size + 1}`, in: one, names: [one.name], wrong, isNew })
      for (const part of parts) known.add(part)
    }
  }
  return found
}

const stepsOf = ({ history }: WrongRestoreDocument): string => history.map(({ says }) => says).join(' · ')

/** What stories are told once of. */
export const keyOf = ({ scope }: ScopeDocument, { kind, misuse }: WrongRestoreDocument): string =>
  [scope.kernel, scope.save, kind, ...misuse].join('|')

/** A story in one row of a table: what goes wrong has been told of others. */
export function storyRow({ id, in: { name }, wrong }: Story): string {
  const { kind, misuse, had, restored } = wrong
  const what = misuse.length === 0 ? kind : `${kind}, where ${misuse.join(', ')}`
  return `| <a id="${id}"></a>${id} | ${what} | \`${name}\` | ${stepsOf(wrong)} | ${had} → ${restored === '' ? 'the restore fails' : restored} |`
}

/** A story: each step with the words that it writes into the tables, what was mapped at last, and what a restore makes of it. */
export function storyText({ id, in: { name, scope }, names, wrong }: Story, played: readonly PlayedKernel[]): string {
  const { kind, misuse, depth, images, kernels, had, restored } = wrong
  const steps = wordsWritten(scope, historyOf(wrong.history)).map(({ says, words }, n) =>
    [`${String(n + 1).padStart(2)}  ${says}`, ...words.map(wordLine)].join('\n'),
  )
  const spans = kernelSpans(kernels.map(({ kernel }) => kernel)).join(', ')
  const guilt = misuse.length === 0 ? '' : `, where ${misuse.join(', ')}`
  return `<a id="${id}"></a>**${id}: ${kind}**${guilt}. \`${name}\`: ${depth} operations and the save; ${number(images)} images; wrong on ${spans}.

\`\`\`
${steps.join('\n')}
    mapped    ${had}
    restored  ${restored === '' ? 'nothing: the restore fails' : restored}
\`\`\`
${seenText(played, names, wrong)}`
}

const wordLine = ({ at, kind, id, lo, hi }: ReturnType<typeof wordsWritten>[number]['words'][number]): string => {
  const says = lo === 0 && hi === 0 ? 'zeros' : entryFields({ kind, lo, hi })
  return `      ${hex(at)}  ${hexWord(lo, hi)}  ${kind === 'CTE' ? '' : `${kind} `}${id}: ${says}`
}

const endings = {
  other: 'restored otherwise than saved',
  refused: 'refused',
  exact: 'restored exactly',
  cut: 'not asked: the host stops',
} as const

/** What real kernels made of the same history, each living, saving and restoring it itself. */
function seenText(played: readonly PlayedKernel[], names: readonly string[], { kind }: WrongRestoreDocument): string {
  const parts = Object.entries(endings).flatMap(([ending, words]) => {
    const kernels = played.filter(({ counterexamples }) => names.some((name) => counterexamples[`${name}: ${kind}`] === ending))
    return kernels.length === 0 ? [] : [`${words} by ${kernels.map(({ release }) => release).join(', ')}`]
  })
  return parts.length === 0 ? '' : `\nReal kernels that live it: ${parts.join('; ')}.\n`
}
