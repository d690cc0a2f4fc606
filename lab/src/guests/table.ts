import type { Row } from './row.ts'
import type { Restore } from './truth.ts'
import { realRepair } from './verdict.ts'

const columns = ['host', 'save', 'live', 'vits says', 'as saved', 'vits repair -y', 'repaired', 'verdict', 'seconds'] as const

/** The first lines of the table that a run writes. */
export const tableHead = `| ${columns.join(' | ')} |\n|${columns.map(() => '---|').join('')}\n`

/** One line of the table: a save on a host of that kind. */
export function tableRow(host: string, { name, verdict, truth, said, repaired, seconds }: Row): string {
  const cells: Record<(typeof columns)[number], string> = {
    host,
    save: name,
    live: truth === undefined ? '' : String(truth.live.size),
    'vits says': said === undefined ? '' : said.read ? [said.verdict, ...said.findings].join(', ') : 'unreadable',
    'as saved': truth === undefined ? '' : restoreCell(truth.restore),
    'vits repair -y': repaired === undefined ? '' : repaired.wrote ? `${repaired.words.length} words` : 'nothing',
    repaired: repaired?.wrote && truth !== undefined ? repairedCell(realRepair(truth, repaired)) : '',
    verdict: verdict.kind === 'agrees' ? 'agrees' : `**${verdict.kind}**: ${oneLine(verdict.why)}`,
    seconds: seconds.toFixed(0),
  }
  return `| ${columns.map((column) => cells[column]).join(' | ')} |\n`
}

const repairedCell = (restore: Restore | undefined) => (restore === undefined ? 'not restored' : restoreCell(restore))

function restoreCell(restore: Restore): string {
  if (!restore.done) return 'refused'
  const astray = restore.misdirected > 0 ? `${restore.misdirected} misdirected, ` : ''
  return `${restore.lpis.size} events, ${astray}${restore.silent.length === 0 ? 'all works' : `${restore.silent.join(', ')} silent`}`
}

const oneLine = (text: string) => text.replaceAll(/\s*[\n|]\s*/g, ' ').slice(0, 300)
