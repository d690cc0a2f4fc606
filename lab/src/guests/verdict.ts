import type { Truth } from './truth.ts'
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
  const harm = repaired?.wrote ? harmDone(truth, repaired.restored) : undefined
  if (harm !== undefined) return { kind: 'harmful repair', why: harm }
  const missed = whatIsMissed(truth, said)
  if (missed !== undefined) return { kind: 'miss', why: missed }
  const alarm = falseAlarm(truth, said)
  return alarm === undefined ? { kind: 'agrees' } : { kind: 'false alarm', why: alarm }
}

/** What a repaired file does not bring back, though the save as it was would have; or, of one that did not restore, at all. */
function harmDone({ live, restore }: Truth, restored: ReadonlySet<number>): string | undefined {
  const before = restore.done ? both(live, restore.lpis) : live
  return count(without(before, restored), 'live events that the repaired file does not bring back')
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
