import { isProposed, NEWEST, profiles, type QuirkName, type QuirkRow, quirks, releasesWith } from '@vits/core/abi'

const parts: Readonly<Record<QuirkRow['part'], string>> = {
  save: 'Saves',
  restore: 'RESTORE_TABLES',
  attributes: 'Attributes of the devices',
  registers: 'Registers',
  commands: 'Commands',
  msi: 'MSIs',
}

/** docs/kernels.md: which kernel does what, until when, and which commit ended it. */
export function kernelsPage(): string {
  const rows = Object.entries(quirks) as [QuirkName, QuirkRow][]
  const sections = Object.entries(parts).map(([part, title]) =>
    section(
      title,
      rows.filter(([, row]) => row.part === part),
    ),
  )
  return `<!-- Printed from core/src/abi/quirks.ts and profiles.ts by \`npm run docs\`. -->
# Kernels

KVM's ITS as \`--kernel PROFILE\` knows it. The newest, \`${NEWEST}\`, has none of the behaviours below; every other profile is the newest
with the ones listed for it. \`vits kernels PROFILE\` prints the same for one of them.

\`--kernel\` takes a release or what \`uname -r\` says, too: each behaviour has the releases between which a kernel has it, mainline and
stable. A kernel that is named is taken for the profile that comes nearest and judged by the behaviours of its own release. What it was
taken for is told, and how that is known: *run* in the lab with just these answers, *read* in the history of its series, or *like* another
and not verified, as the kernels of distributions that take fixes of their own. A behaviour that is unknown of it is judged both ways: where
the restore is the same, \`vits check\` says so, and where it is not, the verdict is undecided ([M710](problems/M710.md)) and \`vits repair\`
writes only what is right both ways. The profiles that were run are played against their recordings in \`fixtures/vectors\`; of the others the source
was read. Proposals were never released and are asked for by name; what became of the fixes of 2017 is in
[decisions/fixes-2017.md](decisions/fixes-2017.md).

${profileTable()}
## Which kernel has what

✔ has it, and was run; ○ has it by its source: the kernel was not run, or not asked, or would need GICv4 hardware. Of a proposal: as it was posted.

${matrix(rows)}
${sections.join('')}`
}

function profileTable(): string {
  const rows = Object.values(profiles).map(({ id, title, names, run }) => {
    return `| \`${id}\` | ${title} | ${howKnown(run, names)} | ${names.length} |`
  })
  return `| profile | kernel | run | behaviours |\n|---|---|---|---|\n${rows.join('\n')}\n`
}

function howKnown(run: readonly string[], names: readonly QuirkName[]): string {
  if (run.length > 0) return run.join(', ')
  return names.some(isProposed) ? 'as posted' : 'read'
}

function matrix(rows: readonly (readonly [QuirkName, QuirkRow])[]): string {
  const all = Object.values(profiles)
  const heads = all.map(({ id }) => id.replace('linux-', ''))
  const lines = rows.map(([name, row]) => {
    const marks = all.map(({ quirks: has, run }) => (has[name] ? (run.length > 0 && !row.unrun ? '✔' : '○') : ''))
    return `| [${name}](#${name}) | ${marks.join(' | ')} | ${releasesWith(row)} |`
  })
  return `| behaviour | ${heads.join(' | ')} | releases |\n|---|${'---|'.repeat(all.length)}---|\n${lines.join('\n')}\n`
}

function section(title: string, rows: readonly (readonly [QuirkName, QuirkRow])[]): string {
  const entries = rows.map(([name, row]) => {
    const { does, means, commit, note, unread } = row
    const having = Object.values(profiles).filter((profile) => profile.quirks[name])
    const ended = commit === undefined ? '' : ` Upstream: ${commit}.`
    const noted = note === undefined ? '' : ` ${sentence(note)}`
    const meant = means === undefined ? '' : `For a VM: ${means}.\n\n`
    const unknown = unread === undefined ? '' : ` Unknown in stable releases of ${unread.join(', ')}, which took the change.`
    const kernels = `Kernels: ${releasesWith(row)}.${ended}${unknown}${noted}`
    return `\n### ${name}\n\n${sentence(does)}\n\n${meant}${kernels}\n\nProfiles: ${having.map(({ id }) => `\`${id}\``).join(', ')}.\n`
  })
  return `\n## ${title}\n${entries.join('')}`
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`
