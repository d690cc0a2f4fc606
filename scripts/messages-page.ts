import { type ProblemCode, problems } from '@vits/core/audit'
import { type Errno, errnos } from '@vits/core/memory'
import { explainErrno, type MessageName, messageNames, messageRow, messagesOf, speakers } from '@vits/core/messages'

/** docs/messages.md: what VMMs and kernels print, and where it leads. */
export function messagesPage(): string {
  const sections = speakers.map((speaker) => {
    const names = messageNames.filter((name) => messageRow(name).by === speaker)
    return `## ${speaker[0]!.toUpperCase()}${speaker.slice(1)}\n\n${names.map(section).join('\n')}`
  })
  return `<!-- Printed from core/src/messages by \`npm run docs\`. -->
# Messages

What VMMs and kernels print when a restore fails or a VM hangs, and what it tells of the saved VM. \`vits explain "MESSAGE"\` explains one,
\`vits explain -\` those in a log on standard input. \`<name>\` stands for what differs from time to time. The texts were looked up in the
sources of their speakers or in what their users were shown, those of kernels in the kernels themselves.

${sections.join('\n')}
## Errnos

What the GIC and the ITS of KVM answer, and the problems by which a restore ends so. \`vits explain EINVAL\` tells at which entries.

| errno | | problems |
|---|---|---|
${(Object.keys(errnos) as Errno[]).map(errnoLine).join('\n')}
`
}

function section(name: MessageName): string {
  const { says, versions, means, source } = messageRow(name)
  const forms = says.map((text) => `    ${text}\n`).join('')
  const codes = (Object.keys(problems) as ProblemCode[]).filter((code) => messagesOf(code).includes(name))
  const led = codes.length === 0 ? '' : `\nProblems that make it: ${codes.map(link).join(', ')}.\n`
  return `### ${name}\n\n${forms}\n${plain(means)}\n${led}\n${plain(versions)}. ${plain(source)}.\n`
}

const plain = (text: string) => text.replaceAll('<', '&lt;')

const link = (code: ProblemCode) => `[${code}](problems/${code}.md)`

function errnoLine(errno: Errno): string {
  const { number, text, problems: codes } = explainErrno(errno)
  return `| ${errno} | ${number}, ${text} | ${codes.length === 0 ? 'none' : codes.map(link).join(' ')} |`
}

/** Of a problem, the messages to which it may lead, for its page. */
export function messagesTo(code: ProblemCode): string {
  const lines = messagesOf(code).map((name) => {
    const { by, says } = messageRow(name)
    return `* [${by}](../messages.md#${name}): \`${says[0]}\``
  })
  return lines.length === 0 ? '' : `\n**Messages** that it may lead to:\n\n${lines.join('\n')}\n`
}
