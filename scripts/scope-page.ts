import { kernelSpans } from '@vits/core/abi'
import type { ScopeDocument } from '@vits/core/documents'
import { guests, type OperationName, operationRows, saveModes } from '@vits/core/scope'
import { readScopes } from '../lab/src/scope/found.ts'
import { type PlayedKernel, readPlayed, total } from '../lab/src/scope/results.ts'
import { lawsText } from './scope/laws-text.ts'
import { number } from './scope/numbers.ts'
import { keyOf, type Story, stories, storyRow, storyText } from './scope/stories.ts'

/** What a scope has where nothing else is said. */
const usual = { deviceIds: [0, 1], events: 2, collections: 2, areas: 2, lpis: 2, vcpus: 2, deviceTable: 'flat' } as const
const usualOperations: readonly OperationName[] = ['MAPC', 'MAPD', 'MAPD V=0', 'MAPTI', 'MOVI', 'DISCARD', 'SAVE']

/** Wrong restores that a row links to, and lines of one scope. */
const LINKED = 9
const LINES = 5

/** docs/scope.md: what is proven of small VMs by going through all of their histories, what is refuted, and what real kernels made of it. */
export function scopePage(): string {
  const { results, notCovered, node } = readScopes()
  const played = readPlayed()
  const told = stories(results)
  return `<!-- Printed from fixtures/scope by \`npm run docs\`. -->
# Every history of a small VM

Random histories show that something goes wrong; they cannot show that nothing does. So \`vits prove --scope NAME\` goes through *every* history of a
VM that is small: two devices with two events each, two collections, two vCPUs, room for two ITTs, unless something else is said. A history is a
sequence of commands of the guest, of saves that whoever runs the VM gives up again (a suspend or migration that fails), of resets and
whatever else a scope lists. After each of them the VM is saved, and what was saved is restored by every kernel that the scope names: that must bring
back exactly what was mapped.

States are gone through, not histories: two histories that leave the same mappings and the same words in RAM have the same future. When no state is left
that was not looked at, what holds of all of them holds after histories of **any length**. Where the time ended before that, the table says to
which **depth**: every history of so many operations was looked at. States that differ in names only (which LPI, ICID, ITT or vCPU) count once; that
this changes no answer is tested. It is the device of this project that saves and restores here, \`core/src/its\` and \`core/src/tables\`, not a model of it; how
far real kernels answer the same is [below](#real-kernels).

\`vits prove --scope keeping\` runs one, \`vits prove --scope keeping -o wrong.vits\` writes the VM of its shortest wrong restore as a case that \`vits check\`,
\`vits explore\`, \`vits repair\` and \`vits prove\` open.

## What holds

${groupsOf(results)
  .map((group) => groupText(group, told))
  .join('\n')}
CPU seconds are those of one run with Node ${node}, on a machine that had other work.

Guests: ${guestWords(results)}.

Operations: ${operationWords(results)}.

## What does not: the shortest histories

Each kind of wrong restore is told once for each kernel and way to save, by its shortest history: step by step, with the words that each step
leaves in the tables (the device table begins at 0x41000000, ITT A at 0x40000000, ITT B at 0x40000100). What goes wrong in a way that was told before,
or in several, is one line.

### Without a fault of the guest

${storiesText(
  [...told.values()].filter(({ wrong }) => wrong.misuse.length === 0),
  played,
)}
### Only where the guest does what no driver does

${storiesText(
  [...told.values()].filter(({ wrong }) => wrong.misuse.length > 0),
  played,
)}
${realText(played)}
${lawsText()}
## What is outside

${notCovered.map(({ what, why }) => `* ${what}. ${why}`).join('\n')}
`
}

function storiesText(all: readonly Story[], played: readonly PlayedKernel[]): string {
  const told = all.filter(({ isNew }) => isNew).map((story) => storyText(story, played))
  const brief = all.filter(({ isNew }) => !isNew)
  const rows = [...new Set(brief.map((story) => story.in.name))].flatMap((name) => {
    const ofScope = brief.filter((story) => story.in.name === name)
    const more = ofScope.length - LINES
    return [
      ...ofScope.slice(0, LINES).map(storyRow),
      ...(more > 0 ? [`| | ${more} more: \`vits prove --scope ${name}\` | | | |`] : []),
    ]
  })
  const heading = '| | what goes wrong | scope | history | what was mapped → what is restored |\n|---|---|---|---|---|'
  return `${told.join('\n')}${rows.length === 0 ? '' : `\n${heading}\n${rows.join('\n')}\n`}`
}

interface Group {
  readonly title: string
  readonly rows: readonly ScopeDocument[]
}

/** Scopes by how the tables are saved that must come back. */
function groupsOf(results: readonly ScopeDocument[]): Group[] {
  const groups = new Map<string, ScopeDocument[]>()
  for (const row of results) {
    const { kernel, save } = row.scope
    const title = save === 'own' ? `As ${kernel} saves them` : sentence(saveModes[save].says)
    groups.set(title, [...(groups.get(title) ?? []), row])
  }
  return [...groups].map(([title, rows]) => ({ title, rows }))
}

function groupText({ title, rows }: Group, told: ReadonlyMap<string, Story>): string {
  return `### ${title}

| scope | guest | what else | restored on | states | images | CPU s | holds |
|---|---|---|---|---:|---:|---:|---|
${rows.map((row) => line(row, told)).join('\n')}
`
}

function line(row: ScopeDocument, told: ReadonlyMap<string, Story>): string {
  const { name, scope, states, images, cpuSeconds } = row
  const cells = [
    `\`${name}\``,
    scope.guest,
    elseWords(row),
    kernelSpans(scope.restoredOn).join(', '),
    number(states),
    number(images),
    cpuSeconds.toFixed(1),
    verdictWords(row, told),
  ]
  return `| ${cells.join(' | ')} |`
}

/** What a scope has beyond the usual, and what of that it has not. */
function elseWords({ scope, limits }: ScopeDocument): string {
  const { deviceIds, events, collections, areas, lpis, vcpus, deviceTable, operations, kernel, save, migratesTo = [] } = scope
  const differs = (is: number, was: number, what: string) => (is === was ? [] : [`${is} ${what}`])
  return [
    ...(save === 'own' || kernel === 'linux-6.6' ? [] : [`lives on ${kernel}`]),
    ...(String(deviceIds) === String(usual.deviceIds) ? [] : [`DeviceIDs ${deviceIds.join(', ')}`]),
    ...(deviceTable === usual.deviceTable ? [] : ['two levels']),
    ...differs(events, usual.events, events === 1 ? 'event each' : 'events each'),
    ...differs(collections, usual.collections, collections === 1 ? 'collection' : 'collections'),
    ...differs(areas, usual.areas, areas === 1 ? 'ITT' : 'ITTs'),
    ...differs(lpis, usual.lpis, lpis === 1 ? 'LPI' : 'LPIs'),
    ...differs(vcpus, usual.vcpus, vcpus === 1 ? 'vCPU' : 'vCPUs'),
    ...operations.filter((operation) => !usualOperations.includes(operation)),
    ...(migratesTo.length > 0 ? [`to ${migratesTo.join(' and ')}`] : []),
    ...limitWords(limits),
  ].join('; ')
}

/** The kernels that were not asked where a sealed save named a limit, and the limits. */
function limitWords(limits: ScopeDocument['limits']): string[] {
  const byKernels = new Map<string, string[]>()
  for (const { name, kernels } of limits) {
    const spans = kernelSpans(kernels).join(', ')
    byKernels.set(spans, [...(byKernels.get(spans) ?? []), name])
  }
  return Array.from(byKernels, ([spans, names]) => `not asked where the seal names ${names.join(' or ')}: ${spans}`)
}

function verdictWords(row: ScopeDocument, told: ReadonlyMap<string, Story>): string {
  const { ended, depth, outside, wrong, refused } = row
  const reach = ended === 'fixpoint' ? 'any length' : `to depth ${depth}`
  const inside = outside > 0 ? ', within the scope' : ''
  const ids = wrong.map((one) => told.get(keyOf(row, one))!.id).map((id) => `[${id}](#${id})`)
  const refusals = refused.map(({ kind }) => `the save fails: ${kind}`)
  if (ids.length + refusals.length === 0) return `**${reach}**${inside}`
  const more = ids.length > LINKED ? [`${ids.length - LINKED} more`] : []
  return `refuted: ${[...ids.slice(0, LINKED), ...more, ...refusals].join(', ')} (${reach}${inside})`
}

const sentence = (words: string) => `${words[0]!.toUpperCase()}${words.slice(1)}`

function guestWords(results: readonly ScopeDocument[]): string {
  const names = [...new Set(results.map(({ scope }) => scope.guest))]
  return names.map((name) => `*${name}*: ${guests[name].says}`).join('. ')
}

function operationWords(results: readonly ScopeDocument[]): string {
  const names = [...new Set(results.flatMap(({ scope }) => scope.operations))].filter((name) => !usualOperations.includes(name))
  return [`${usualOperations.join(', ')} in all`, ...names.map((name) => `${name}: ${operationRows[name].says}`)].join('. ')
}

function realText(played: readonly PlayedKernel[]): string {
  const rows = played.map(({ release, model, scopes }) => {
    const { histories, images, answers, endings, differing, stopped } = total(Object.values(scopes))
    const counts = [histories, images, answers, endings.exact, endings.other, endings.refused, endings.cut].map(number)
    return `| ${release} | \`${model}\` | ${Object.keys(scopes).length} | ${counts.join(' | ')} | **${number(differing + stopped)}** |`
  })
  const all = total(played.flatMap(({ scopes }) => Object.values(scopes)))
  const counts = [
    all.histories,
    all.images,
    all.answers,
    all.endings.exact,
    all.endings.other,
    all.endings.refused,
    all.endings.cut,
  ]
  return `## Real kernels

What holds of the model holds of KVM as far as the two answer alike. So histories to states of each scope, from the first to the last, evenly, were
lived by real kernels: each saves, restores what it saved, and saves what it restored into cleared tables. Of scopes that save in a way of ours, each kernel also
restored what the model had saved. Every answer and every byte of the tables was held against the model of the kernel's profile
([how](../lab/README.md#scopes)).

| kernel | model | scopes | histories | images | answers | restored exactly | otherwise | refused | ended before what stops the host | differ from the model |
|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
${rows.join('\n')}
| ${played.length} kernels | | | ${counts.map(number).join(' | ')} | **${number(all.differing + all.stopped)}** |

*Otherwise* and *refused* are what the histories above come to on kernels that save so: the model foretold each. MIGRATE leads to another VM of the same kernel
here. Histories with a RESTORE onto devices that are there were not played: KVM has each device twice then, and which of the two answers changes
with every save, where the model keeps to one. What the rows with RESTORE say is said of the model alone.
`
}
