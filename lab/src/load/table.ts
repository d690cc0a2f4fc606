import type { GuestView } from '../guests/guest-view.ts'
import { eventOfLpi, guestOf } from './load-truth.ts'
import type { LoadRow } from './under-load.ts'

const columns = ['save', 'pending in KVM', 'in the saved tables', 'restored', 'vits check', 'verdict'] as const

/** The first lines of the table that a run under load writes. */
export const loadTableHead = `| ${columns.join(' | ')} |\n|${columns.map(() => '---|').join('')}\n`

/** How what `vits check` says of a save under load stands to what became of it. */
export function loadVerdict({
  said,
  truth: { still, stillRepaired = [] },
}: LoadRow): 'agrees' | 'false alarm' | 'miss' | 'unreadable' {
  if (!said.read) return 'unreadable'
  if (still.length > 0) return said.exit === 0 || stillRepaired.length > 0 ? 'miss' : 'agrees'
  return said.exit === 0 ? 'agrees' : 'false alarm'
}

/** One line of the table. */
export function loadTableRow(row: LoadRow): string {
  const { name, truth, inFile, said } = row
  const { pending, still, stillRepaired } = truth
  const goesOn = (lpis: readonly number[]) => (lpis.length === 0 ? 'all goes on' : `${events(guest, lpis)} never came`)
  const guest = guestOf(truth)
  const same = pending.size === inFile.size && [...pending].every(([lpi, vcpu]) => inFile.get(lpi) === vcpu)
  const verdict = loadVerdict(row)
  const cells: Record<(typeof columns)[number], string> = {
    save: name,
    'pending in KVM': events(guest, pending.keys()),
    'in the saved tables': same ? 'the same' : events(guest, inFile.keys()),
    restored: goesOn(still) + (stillRepaired === undefined ? '' : `; as repaired: ${goesOn(stillRepaired)}`),
    'vits check': said.read ? [`exit ${said.exit}`, ...said.findings].join(', ') : said.why,
    verdict: verdict === 'agrees' ? verdict : `**${verdict}**`,
  }
  return `| ${columns.map((column) => cells[column]).join(' | ')} |\n`
}

/** `00:01.0/1 00:03.0/2`: events by their PCI function. */
function events(guest: GuestView, lpis: Iterable<number>): string {
  const names = [...lpis].map((lpi) => {
    const event = eventOfLpi(guest, lpi)
    return event === undefined ? `LPI ${lpi}` : `${event.function.replace(/^0000:/, '')}/${event.eventId}`
  })
  return names.length === 0 ? 'none' : names.join(' ')
}
