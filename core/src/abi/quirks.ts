import { commandQuirks } from './quirks/commands.ts'
import { registerQuirks } from './quirks/registers.ts'
import type { QuirkRow } from './quirks/row.ts'
import { tableQuirks } from './quirks/tables.ts'
import { isSince, type Release, type Since, seriesOf } from './releases.ts'

/**
 * How kernels differ, declared once: each quirk is a behaviour that some kernel has and the newest has not. Code asks
 * `quirks['name']`; docs/kernels.md is printed from this table, and which release has what is worked out from it.
 */
export const quirks = { ...registerQuirks, ...commandQuirks, ...tableQuirks } as const satisfies Record<string, QuirkRow>

export type QuirkName = keyof typeof quirks

/** Which quirks a kernel has. */
export type Quirks = Readonly<Record<QuirkName, boolean>>

/** The quirks named, and no other. */
export function quirkSet(names: Iterable<QuirkName>): Quirks {
  const has = new Set<string>(names)
  return Object.fromEntries(Object.keys(quirks).map((name) => [name, has.has(name)])) as unknown as Quirks
}

/** The quirks that a mainline or stable release has, by the rows of the table. */
export function quirksIn(release: Release): QuirkName[] {
  const rows = Object.entries(quirks) as [QuirkName, QuirkRow][]
  return rows.filter(([, { since, until }]) => isIn(release, since) && !(until && isSince(release, until))).map(([name]) => name)
}

/** The quirks of which it is unknown whether the later stable releases of a series have them. */
export function quirksUnreadIn(release: Release): QuirkName[] {
  const rows = Object.entries(quirks) as [QuirkName, QuirkRow][]
  return rows.filter(([, { unread = [] }]) => unread.includes(seriesOf(release))).map(([name]) => name)
}

/** True for what was proposed and no released kernel has. */
export function isProposed(name: QuirkName): boolean {
  const { since }: QuirkRow = quirks[name]
  return since !== undefined && Object.keys(since).length === 0
}

/** The releases that have a quirk, in words: `from 5.1, before 6.1.191, 6.12.114 and 7.1`. */
export function releasesWith({ since, until }: QuirkRow): string {
  const first = since && Object.keys(since).length === 0 ? 'never released' : since && `from ${listed(since)}`
  const words = [first, until && `before ${listed(until)}`].filter((part) => part !== undefined)
  return words.length === 0 ? 'all' : words.join(', ')
}

function listed(since: Since): string {
  const names = Object.entries(since).map(([series, patch]) => (patch === 0 ? series : `${series}.${patch}`))
  return names.length === 1 ? names[0]! : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

const isIn = (release: Release, since: QuirkRow['since']) => since === undefined || isSince(release, since)
