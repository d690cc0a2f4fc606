import {
  CTE,
  DTE,
  DTE_NEXT_CAP,
  type Fields,
  HEAD_DTE,
  HEAD_ITE,
  ITE,
  ITE_NEXT_CAP,
  KVM_DEV_ARM_VGIC_GRP,
  L1E,
  type Layout,
  quirks,
  releasesWith,
} from '@vits/core/abi'
import {
  type AttributeRow,
  gicAttributes,
  itsAttributes,
  orderRules,
  restoreOrder,
  restoreSteps,
  saveSteps,
} from '@vits/core/kvm'
import { objections } from '@vits/core/tables'
import { saveRules } from '@vits/core/trace'
import type { GeneratedDoc } from './generated-doc.ts'

/** What Linux's own documentation would say of the ITS, printed from what the model is made of. */
export const kvmPages: readonly GeneratedDoc[] = [
  { path: 'docs/api/its-device.md', content: () => page('core/src/kvm/attributes.ts', itsPage()) },
  { path: 'docs/api/gic-device.md', content: () => page('core/src/kvm/attributes.ts', gicPage()) },
  { path: 'docs/api/rev0-tables.md', content: () => page('core/src/abi/rev0.ts', tablesPage()) },
  {
    path: 'docs/api/save-and-restore.md',
    content: () => page('core/src/kvm/save-order.ts, restore-order.ts and core/src/trace/save.ts', orderPage()),
  },
]

/** A register's `<n>` is no tag. */
const page = (source: string, text: string) =>
  `<!-- Printed from ${source} by \`npm run docs\`. -->\n${text.replaceAll('<', '&lt;')}`

function itsPage(): string {
  return `# The ITS device

KVM_CREATE_DEVICE with KVM_DEV_TYPE_ARM_VGIC_ITS makes one; a VM may have several. \`KvmIts\` is the same device here, attribute for
attribute and errno for errno: a test provokes each errno of these tables on the model, and recordings of real kernels hold the model.
An attribute that a group has not is ENXIO. The order in which a VMM uses them: [save and restore](save-and-restore.md); what
SAVE_TABLES writes: [the tables](rev0-tables.md).

${attributeSections(itsAttributes)}
## What RESTORE_TABLES objects to

In the order in which an entry is asked. After any of them nothing is mapped, on the newest kernel.

| errno | entry | because |
|---|---|---|
${Object.values(objections)
  .map(({ errno, what, says }) => `| ${errno} | ${what} | ${says} |`)
  .join('\n')}
`
}

function gicPage(): string {
  return `# The GIC device, without SPIs

KVM_CREATE_DEVICE with KVM_DEV_TYPE_ARM_VGIC_V3. \`KvmGic\` is the same device here. Of its groups CPU_SYSREGS and NR_IRQS
do not concern LPIs and are not in the model: ENXIO.

${attributeSections(gicAttributes)}`
}

function attributeSections(rows: Readonly<Record<string, AttributeRow>>): string {
  return Object.values(rows).map(attributeSection).join('\n')
}

function attributeSection({ group, name, attr, access, value, does, since, errnos, quirks: names = [] }: AttributeRow): string {
  const number = attr === undefined ? '' : ` (${attr})`
  const facts = [
    ['group', `KVM_DEV_ARM_VGIC_GRP_${group} (${KVM_DEV_ARM_VGIC_GRP[group]})`],
    ['attribute', `${name}${number}`],
    ['access', access],
    ['value', value],
    ['does', does],
    ['since', `Linux ${since}`],
    ...Object.entries(errnos).map(([errno, when]) => [errno, when]),
    ...names.map((quirk) => [
      `[${quirk}](../kernels.md#${quirk})`,
      `${quirks[quirk].does}. Kernels: ${releasesWith(quirks[quirk])}`,
    ]),
  ]
  const title = attr === undefined ? `Registers: ${group}` : name
  return `## ${title}\n\n| | |\n|---|---|\n${facts.map(([key, text]) => `| ${key} | ${text} |`).join('\n')}\n`
}

interface Entry {
  readonly layout: Layout<Fields>
  readonly title: string
  readonly about: string
}

const entries: readonly Entry[] = [
  {
    layout: L1E as unknown as Layout<Fields>,
    title: 'First-level entry of an indirect device table',
    about:
      'Entry n leads to the page of the DTEs of DeviceIDs 8192 n to 8192 n + 8191. The guest writes it, not KVM. It has no `next`: a restore ' +
      'reads the first level entry by entry, to its end or to a DTE whose `next` is 0.',
  },
  {
    layout: DTE as unknown as Layout<Fields>,
    title: 'Device table entry',
    about: `At index DeviceID. \`next\` counts DeviceIDs, across the pages of an indirect table; more than ${DTE_NEXT_CAP} is written as ${DTE_NEXT_CAP}.`,
  },
  {
    layout: ITE as unknown as Layout<Fields>,
    title: 'Interrupt translation entry',
    about: `At index EventID of the ITT that the DTE leads to. It is valid when its pINTID is not 0. \`next\` is at most ${ITE_NEXT_CAP}.`,
  },
  {
    layout: CTE as unknown as Layout<Fields>,
    title: 'Collection table entry',
    about: 'A list from the start of the table, in no order. The first entry without V ends it; a full table has none.',
  },
  {
    layout: HEAD_DTE as unknown as Layout<Fields>,
    title: 'Head of a device table',
    about:
      'Proposed in November 2024 and in no release; to every kernel that does not know it an entry that is not valid ' +
      '([what 23 of them made of one](../decisions/dummy-heads.md#what-kernels-without-heads-make-of-them)).',
  },
  { layout: HEAD_ITE as unknown as Layout<Fields>, title: 'Head of an ITT', about: 'The same, in an ITT.' },
]

function tablesPage(): string {
  return `# The tables, revision 0

What KVM_DEV_ARM_ITS_SAVE_TABLES writes into guest RAM and RESTORE_TABLES reads. Every entry has eight bytes, little endian whatever
the host. GITS_IIDR.Revision names the revision; there is no other.

A save writes the entries of what is mapped and nothing else: what lay in a table before stays there. A restore goes from entry to
entry until it meets a valid one, then by \`next\`, and ends where \`next\` is 0. So an entry that nobody cleared, an orphan, is believed
wherever the restore goes entry by entry: [D203](../problems/D203.md), [D207](../problems/D207.md).

${entries.map(entrySection).join('\n')}
## What a head is for, and what it cannot do

A restore reads every entry before the first valid one: 65,536 of an ITT with one event at its end, 512 MiB of tables of a guest with
8,192 such devices. A head at index 0 names the first live entry, and the scan begins there.

It stands only where entry 0 is not mapped, and only saves the way to the first entry: behind it, where a distance is capped, and at
the start of each further page of an indirect table the scan still goes entry by entry. The proposal as posted fails a save when
DeviceID 0 has no place, loses devices behind an invalid first-level entry, and believes its magic number at any index: tests in
\`core/src/seal/heads.test.ts\` show each, and that \`stampedHeads\`, vits' own use of the same two words, has none of them. A head that is
stale, because an old kernel saved over it, is as bad as an orphan: whoever reads heads must know who wrote them.
`
}

function entrySection({ layout, title, about }: Entry): string {
  const rows = fieldsOf(layout).map(([name, { hi, lo, doc }]) => `| ${hi === lo ? hi : `${hi}:${lo}`} | ${name} | ${doc} |`)
  return `## ${title}: ${layout.name}\n\n${about}\n\n\`\`\`\n${diagram(layout)}\`\`\`\n\n| bits | field | |\n|---|---|---|\n${rows.join('\n')}\n`
}

const fieldsOf = ({ fields }: Layout<Fields>) => Object.entries(fields).sort(([, a], [, b]) => b.hi - a.hi)

/** `| V:63 | next:62-49 | ...` as boxes, from bit 63 down; bits of no field are `0`. */
function diagram(layout: Layout<Fields>): string {
  const boxes: { readonly name: string; readonly hi: number; readonly lo: number }[] = []
  let above = 63
  for (const [name, { hi, lo }] of fieldsOf(layout)) {
    if (hi < above) boxes.push({ name: '0', hi: above, lo: hi + 1 })
    boxes.push({ name, hi, lo })
    above = lo - 1
  }
  if (above >= 0) boxes.push({ name: '0', hi: above, lo: 0 })
  const cells = boxes.map(({ name, hi, lo }) => {
    const numbers = hi === lo ? `${hi}` : `${hi}${' '.repeat(Math.max(1, name.length - `${hi}${lo}`.length))}${lo}`
    const width = Math.max(numbers.length, name.length)
    return {
      numbers: numbers.padEnd(width),
      name: name.padStart(Math.ceil((width + name.length) / 2)).padEnd(width),
      line: '-'.repeat(width),
    }
  })
  const row = (of: 'numbers' | 'name' | 'line', edge: string, fill = ' ') =>
    `${edge}${cells.map((cell) => `${fill}${cell[of]}${fill}`).join(edge)}${edge}\n`
  return `${row('numbers', ' ')}${row('line', '+', '-')}${row('name', '|')}${row('line', '+', '-')}`
}

function orderPage(): string {
  const saves = Object.values(saveSteps).map(({ does, otherwise }, index) => `| ${index + 1} | ${does} | ${otherwise} |`)
  const steps = restoreOrder.map((step, index) => `| ${index + 1} | ${restoreSteps[step]} |`)
  const rules = orderRules.map(({ first, then, otherwise, silent, taughtBy }) => {
    return `| ${restoreSteps[first]} | ${restoreSteps[then]} | ${otherwise} | ${silent ? 'no call fails' : 'a call fails'} | ${taughtBy ?? ''} |`
  })
  const mistakes = Object.entries(saveRules).map(
    ([name, { says, otherwise, taughtBy }]) => `| \`${name}\` | ${says} | ${otherwise} | ${taughtBy ?? ''} |`,
  )
  return `# The order of a save, a restore and a reset

\`vits lint\` holds a trace of a VMM's ioctls against this page. A real bpftrace on a real arm64 host has made such a trace of a real QEMU by the
program that \`vits lint --script\` prints, and QEMU's order is in order: \`fixtures/traces/qemu-by-bpftrace.jsonl\`.

## Save

| | step | otherwise |
|---|---|---|
${saves.join('\n')}

What VMMs got wrong:

| rule of \`vits lint\` | when | then | taught by |
|---|---|---|---|
${mistakes.join('\n')}

## Restore

| | step |
|---|---|
${steps.join('\n')}

QEMU writes GITS_IIDR before GITS_CBASER; KVM answers alike. Every pair of steps whose order matters, each tried on the model:

| first | then | otherwise | | taught by |
|---|---|---|---|---|
${rules.join('\n')}

## Reset

When the VM is reset, each ITS is, by [KVM_DEV_ARM_ITS_CTRL_RESET](its-device.md#kvm_dev_arm_its_ctrl_reset), while no vCPU runs. Without
it the ITS keeps what the guest had mapped: a save before the new guest has set its ITS up writes that into RAM which is the new guest's
by then, or fails. Guest RAM is not touched: the tables of the former life stay in it, and are orphans wherever the new guest puts its
own tables over them without zeroes.
`
}
