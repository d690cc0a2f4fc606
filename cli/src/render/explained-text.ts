import { headings, type ProblemCode, problems, type RuleName, ruleRow } from '@vits/core/audit'
import type { UnknownText } from '@vits/core/documents'
import { type ExplainedErrno, type ExplainedMessage, type LoggedMessage, messageRow, steps } from '@vits/core/messages'
import { printable } from '../printable.ts'
import type { Style } from '../style.ts'
import { fit, fold, wrap } from './layout.ts'
import { count } from './words.ts'

/** A problem under its six headings. */
export function problemText(code: ProblemCode, style: Style): string {
  const { slug, usually, help } = problems[code]
  const parts = headings.map(([key, heading]) => `${wrap(help[key], heading, style)}\n`)
  return `${fit(`${style.bold(`${code} ${slug}`)} · usually ${usually}`, style)}\n\n${parts.join('')}`
}

/** What a rule lets its witness say. */
export function ruleText(rule: RuleName, style: Style): string {
  const { witness, says, when, limit, holds, source } = ruleRow(rule)
  const parts = [
    ['When', when],
    ['Limit', limit],
    ['For', holds],
    ['See', source],
  ] as const
  const heading = `${style.bold(rule)} · the ${witness} says: ${says}`
  return `${fit(heading, style)}\n\n${parts.map(([name, text]) => `${wrap(text, name, style)}\n`).join('')}`
}

/** What an errno of the GIC and the ITS means: who answers it, and which problems make a restore end so. */
export function errnoText({ errno, number, text, calls, objections, problems: codes }: ExplainedErrno, style: Style): string {
  const answers = calls.map(({ device, name, because }) => `${name} of the ${device}: ${because}.`)
  const restore = objections.map(({ what, says }) => `${what}: ${says}.`)
  return [
    `${style.bold(errno)} · ${number}, ${text}\n\n`,
    ...listText('Call', answers.length === 0 ? ['No attribute of the GIC and the ITS answers so.'] : answers, style),
    ...listText('Restore', restore, style),
    ...madeBy(codes, style),
    ...(codes.length === 0 ? [] : nextLines(['check'], style)),
  ].join('')
}

/** A message: what it means, and where it leads. */
export function messageText(found: ExplainedMessage | LoggedMessage, style: Style): string {
  const { name, form, errno, attribute, because, problems: codes, next } = found
  const { by, versions, means, tells, source } = messageRow(name)
  const place = 'line' in found ? [`line ${found.line}`, ...(found.times > 1 ? [count(found.times, 'time')] : [])] : []
  const answer =
    errno === undefined ? [] : [`${wrap(`${errno}${because === undefined ? '' : `: ${because}`}.`, 'Answer', style)}\n`]
  return [
    fit(`${[style.bold(by), ...place].join(' · ')}: ${'line' in found ? printable(found.text) : form}\n\n`, style),
    ...(attribute === undefined ? [] : [`${wrap(attributeText(attribute), 'Call', style)}\n`]),
    ...answer,
    `${wrap(means, 'Means', style)}\n`,
    `${wrap(`${by}, ${versions}: ${source}.`, 'From', style)}\n`,
    ...(tells === 'elsewhere' && codes.length === 0 ? [] : madeBy(codes, style)),
    ...nextLines(next, style),
  ].join('')
}

function attributeText({ group, names, device, row }: NonNullable<ExplainedMessage['attribute']>): string {
  const isNamed = names.startsWith('KVM_')
  const of = isNamed && device !== undefined ? ` of the ${device}` : ''
  const where = isNamed || group === undefined ? '' : ` (KVM_DEV_ARM_VGIC_GRP_${group})`
  return `${names}${of}${where}${row === undefined ? '' : `: ${row.does}`}.`
}

/** Under one heading, a line each. */
const listText = (heading: string, texts: readonly string[], style: Style): string[] =>
  texts.map((text, i) => `${wrap(text, i === 0 ? heading : '', style)}\n`)

function madeBy(codes: readonly ProblemCode[], style: Style): string[] {
  if (codes.length === 0) return [`${wrap('No problem of a saved VM that vits knows makes it.', 'Made by', style)}\n`]
  // A code and its name stay on one line.
  const words = codes.map((code) => `${code}\u00a0${problems[code].slug}`).join(', ')
  return [`${wrap(`${words}.`, 'Made by', style).replaceAll('\u00a0', ' ')}\n`]
}

function nextLines(next: readonly (keyof typeof steps)[], style: Style): string[] {
  const width = Math.max(...next.map((step) => steps[step][0].length))
  return next.flatMap((step, i) => {
    const [command, why] = steps[step]
    const line = `${(i === 0 ? 'Next' : '').padEnd(8)}${command.padEnd(width)}  ${why}`
    return fold(line, style.width).map((one) => `${one}\n`)
  })
}

/** What is said of a text that nothing is known of, on stderr. */
export function unknownText({ text, nearest }: UnknownText): string {
  const shown = printable(text.length > 100 ? `${text.slice(0, 100)}…` : text)
  const like = nearest.map((name) => `      ${messageRow(name).by}: ${messageRow(name).says[0]}\n`)
  const hint = like.length === 0 ? '' : `      the nearest that are known:\n${like.join('')}`
  return `vits: no message that is known is in '${shown}'\n${hint}`
}
