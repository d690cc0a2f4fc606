import { NEWEST, profiles, type QuirkName, type QuirkRow, quirks, releasesWith } from '@vits/core/abi'

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

${profileTable()}
${sections.join('')}`
}

function profileTable(): string {
  const rows = Object.values(profiles).map(({ id, title, names }) => `| \`${id}\` | ${title} | ${names.length} |`)
  return `| profile | kernel | behaviours |\n|---|---|---|\n${rows.join('\n')}\n`
}

function section(title: string, rows: readonly (readonly [QuirkName, QuirkRow])[]): string {
  const entries = rows.map(([name, row]) => {
    const { does, means, commit, note } = row
    const having = Object.values(profiles).filter((profile) => profile.quirks[name])
    const ended = commit === undefined ? '' : ` Upstream: ${commit}.`
    const noted = note === undefined ? '' : ` ${sentence(note)}`
    const meant = means === undefined ? '' : `For a VM: ${means}.\n\n`
    const kernels = `Kernels: ${releasesWith(row)}.${ended}${noted}`
    return `\n### ${name}\n\n${sentence(does)}\n\n${meant}${kernels}\n\nProfiles: ${having.map(({ id }) => `\`${id}\``).join(', ')}.\n`
  })
  return `\n## ${title}\n${entries.join('')}`
}

const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`
