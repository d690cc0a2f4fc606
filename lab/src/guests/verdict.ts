import type { Restore, Truth } from './truth.ts'
import type { Repaired, Said } from './vits.ts'

/** How what vits says of a save stands to what is true. */
export type Verdict =
  | { readonly kind: 'agrees' }
  | { readonly kind: 'false alarm'; readonly why: string }
  | { readonly kind: 'miss'; readonly why: string }
  | { readonly kind: 'harmful repair'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string }
  | { readonly kind: 'lab failed'; readonly why: string }

/** Judges vits by the truth; of several wrongs the one that does most harm. */
export function judge(truth: Truth, said: Said, repaired: Repaired | undefined): Verdict {
  if (!said.read) return { kind: 'unreadable', why: said.why }
  const harm = repaired?.wrote ? (harmForetold(truth, repaired) ?? harmDone(truth, repaired)) : undefined
  if (harm !== undefined) return { kind: 'harmful repair', why: harm }
  const missed = whatIsMissed(truth, said) ?? (repaired?.wrote ? whatRepairLeft(truth, repaired) : undefined)
  if (missed !== undefined) return { kind: 'miss', why: missed }
  const alarm = falseAlarm(truth, said)
  return alarm === undefined ? { kind: 'agrees' } : { kind: 'false alarm', why: alarm }
}

type Written = Extract<Repaired, { wrote: true }>

/** What a real restore of the repaired file came to; undefined when the file that was restored is another. */
export function realRepair({ repaired }: Truth, { words }: Written): Restore | undefined {
  return repaired !== undefined && repaired.words.join() === words.join() ? repaired.restore : undefined
}

/** Live events that a restore of the save brings; of a save that does not restore, all. */
const broughtBefore = ({ live, restore }: Truth) => (restore.done ? both(live, restore.lpis) : live)

/** What a repaired file does not bring back by the word of vits, though the save as it was would have. */
const harmForetold = (truth: Truth, { restored }: Written) =>
  count(without(broughtBefore(truth), restored), 'live events that the repaired file does not bring back')

/** What is worse in a real restore of the repaired file than of the save as it was. */
function harmDone(truth: Truth, repaired: Written): string | undefined {
  const after = realRepair(truth, repaired)
  if (after === undefined) return undefined
  const { restore: before } = truth
  if (!after.done) return before.done ? 'KVM refuses the repaired file, and not the save' : undefined
  const silent = after.silent.filter((name) => !before.done || !before.silent.includes(name))
  return (
    count(without(broughtBefore(truth), after.lpis), 'live events that KVM does not restore from the repaired file') ??
    (silent.length > 0 ? `${silent.join(', ')} silent after the repair` : undefined) ??
    (before.done && after.misdirected > before.misdirected ? `${after.misdirected} events misdirected by the repair` : undefined)
  )
}

/** Where a real restore of the repaired file is not what vits says that it is. */
function whatRepairLeft(truth: Truth, repaired: Written): string | undefined {
  const after = realRepair(truth, repaired)
  if (after === undefined) return undefined
  if (!after.done) return 'KVM refuses the repaired file'
  return count(without(after.lpis, repaired.restored), 'events come back from the repaired file, and vits does not say so')
}

type Read = Extract<Said, { read: true }>

function whatIsMissed({ live, astray, restore }: Truth, said: Read): string | undefined {
  if (!restore.done) return said.verdict === 'fails' ? undefined : `a restore fails, and vits says that it ${said.verdict}`
  if (said.verdict === 'fails') return undefined
  const lost = without(live, restore.lpis)
  return (
    count(without(lost, without(live, said.restored)), 'events are lost, and vits says that they come back') ??
    count(without(without(restore.lpis, live), said.restored), 'dead events come back, and vits does not say so') ??
    (restore.misdirected - astray > said.misdirected ? misdirection(restore.misdirected, said) : undefined) ??
    (restore.silent.length > 0 && said.exit === 0 ? `${restore.silent.join(', ')} silent, and vits sees no problem` : undefined)
  )
}

function falseAlarm({ live, restore }: Truth, said: Read): string | undefined {
  const dead = count(both(said.dead, live), 'live events are called dead')
  if (dead !== undefined || !restore.done) return dead
  if (said.verdict === 'fails')
    return `a restore works, and vits says that it fails${said.errno === null ? '' : ` with ${said.errno}`}`
  const lost = without(live, restore.lpis)
  if (said.lost > lost.size) return `${lost.size} events are lost, and vits says ${said.lost}`
  return (
    count(without(both(restore.lpis, live), said.restored), 'events come back, and vits says that they do not') ??
    (said.misdirected > restore.misdirected ? misdirection(restore.misdirected, said) : undefined)
  )
}

const misdirection = (truly: number, said: Read) =>
  `${truly} events go to another CPU than the guest's, and vits says ${said.misdirected}`
const count = (lpis: ReadonlySet<number>, what: string) => (lpis.size === 0 ? undefined : `${lpis.size} ${what}`)
const without = (a: ReadonlySet<number>, b: ReadonlySet<number>) => new Set([...a].filter((lpi) => !b.has(lpi)))
const both = (a: ReadonlySet<number>, b: ReadonlySet<number>) => new Set([...a].filter((lpi) => b.has(lpi)))
