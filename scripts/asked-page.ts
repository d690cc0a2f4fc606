import { type Asked, readAsked } from '../lab/src/asked.ts'

/** docs/asked.md: which kernels played random histories beside the model, how many, and how many answers differed. */
export function askedPage(): string {
  const rows = readAsked()
  const sum = (count: (row: Asked) => number) => number(rows.reduce((total, row) => total + count(row), 0))
  return `<!-- Printed from lab/asked.json by \`npm run docs\`. -->
# What real kernels were asked

Random histories on a real kernel and on the model of its profile, side by side: every answer, every byte of the tables and pending
tables, and the pages that KVM wrote ([what a history is](../lab/README.md#what-has-been-asked)). A history ends before a save that the
model says stops the host: on kernels that die of an event whose collection is gone, one of six to twelve does.

| kernel | build | model | histories | steps | ended before such a save | that differ |
|---|---|---|---|---|---|---|
${rows.map(line).join('\n')}
| ${rows.length} kernels | | | ${sum(({ histories }) => histories)} | ${sum(({ steps }) => steps)} | ${sum(({ cut }) => cut)} | **${sum(({ differing }) => differing.length)}** |
${unexplained(rows)}
\`npm run lab -- fuzz --kernel 7.3.4 --cases 1000 --seed 10001 --keep\` adds the next thousand of a kernel here;
\`npm run lab:setup -- --kernels all\` fetches the kernels.
`
}

function unexplained(rows: readonly Asked[]): string {
  const kernels = rows.filter(({ differing }) => differing.length > 0).map(({ release }) => release)
  if (kernels.length === 0) return ''
  return `
What differs on ${kernels.join(' and ')} is not explained yet: the model answers otherwise there than the kernel.
\`npm run lab -- fuzz --kernel ${kernels[0]} --seed SEED --cases 1\` repeats one such history and shrinks it.
`
}

function line({ release, build, model, histories, steps, cut, differing }: Asked): string {
  const packaged = /Debian (\S+)/.exec(build)?.[1] ?? build
  const different = differing.length === 0 ? '**0**' : `${differing.length}: seeds ${differing.join(', ')}`
  return `| ${release} | ${packaged} | \`${model}\` | ${number(histories)} | ${number(steps)} | ${number(cut)} | ${different} |`
}

const number = (value: number) => value.toLocaleString('en')
