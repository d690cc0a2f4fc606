import { type QuirkName, type Quirks, quirkSetsOf } from '../abi/index.ts'
import { objections } from '../tables/index.ts'
import { place } from './names.ts'
import { registerPass } from './passes/registers.ts'
import type { Scene } from './scene.ts'
import { type Damage, damage, registerHarm, type Verdict, verdictOf } from './verdict.ts'
import { counted } from './words.ts'

/** What comes of something where the kernel has these of the quirks that are unknown of it, and not the others. */
export interface Either<T> {
  readonly has: readonly QuirkName[]
  readonly lacks: readonly QuirkName[]
  readonly outcome: T
}

/** The quirks of a set on which an outcome hangs, and what comes of each way in which a kernel may have them. */
export interface Hanging<T> {
  readonly quirks: readonly QuirkName[]
  readonly ways: readonly Either<T>[]
}

/**
 * Judges by every set of quirks that a kernel may have. Undefined where all come to the same: `same` has equal values for
 * outcomes that are.
 */
export function hanging<T>(
  { profile }: Pick<Scene, 'profile'>,
  judge: (quirks: Quirks) => T,
  same: (outcome: T) => unknown,
): Hanging<T> | undefined {
  const { unsettled = [] } = profile
  if (unsettled.length === 0) return undefined
  const sets = quirkSetsOf(profile).map((quirks) => ({ quirks, outcome: judge(quirks) }))
  const key = (quirks: Quirks) => JSON.stringify(same(sets.find((set) => isSame(set.quirks, quirks, unsettled))!.outcome))
  const deciding = unsettled.filter((name) =>
    sets.some(({ quirks }) => key(quirks) !== key({ ...quirks, [name]: !quirks[name] })),
  )
  if (deciding.length === 0) return undefined
  const indifferent = unsettled.filter((name) => !deciding.includes(name))
  const ways = sets
    .filter(({ quirks }) => isSame(quirks, profile.quirks, indifferent))
    .map(({ quirks, outcome }) => ({
      has: deciding.filter((name) => quirks[name]),
      lacks: deciding.filter((name) => !quirks[name]),
      outcome,
    }))
  return { quirks: deciding, ways }
}

const isSame = (a: Quirks, b: Quirks, names: readonly QuirkName[]): boolean => names.every((name) => a[name] === b[name])

/** `with scan-overrun`, `without scan-overrun`. */
export function wayWords({ has, lacks }: Omit<Either<unknown>, 'outcome'>): string {
  const parts = [has.length === 0 ? '' : `with ${has.join(' and ')}`, lacks.length === 0 ? '' : `without ${lacks.join(' and ')}`]
  return parts.filter((part) => part !== '').join(', ')
}

/** What the restore of one ITS comes to, as far as a verdict tells it. */
export interface RestoreOutcome {
  readonly verdict: Verdict
  readonly says: string
  /** Undefined where it fails: it loses everything then. */
  readonly harm: Damage | undefined
}

/** How the restore of an ITS hangs on what is unknown of the kernel; undefined where it does not. */
export const restoreHanging = (scene: Scene): Hanging<RestoreOutcome> | undefined => scene.once(hangingOnce)

const hangingOnce = (scene: Scene) =>
  hanging(
    scene,
    (quirks) => restoreOutcome(scene, quirks),
    (outcome) => outcome,
  )

function restoreOutcome(scene: Scene, quirks: Quirks): RestoreOutcome {
  const restored = scene.restoredBy(quirks)
  const registers = registerHarm(registerPass(scene, quirks))
  const harm = damage(scene, restored)
  const verdict = verdictOf(restored, registers, harm, restored.cut === undefined)
  if (verdict === 'fails') {
    const { objection } = restored
    const errno = registers.errno ?? (objection && objections[objection.name].errno)
    const where = objection === undefined || registers.errno !== undefined ? '' : ` at ${place(objection.where)}`
    return { verdict, says: `the restore fails with ${errno}${where}`, harm: undefined }
  }
  return { verdict, says: outcomeWords(verdict, harm), harm }
}

function outcomeWords(verdict: Verdict, { lost, revived, misdirected, lostDevices }: Damage): string {
  if (verdict === 'undecided') return 'it reads more than was looked at'
  if (verdict === 'restores') return 'it restores'
  const does = [
    ...(lost.count > 0 ? [`loses ${counted(lost.count, 'live event')}`] : []),
    ...(lost.count === 0 && lostDevices > 0 ? [`loses ${counted(lostDevices, 'device')}`] : []),
    ...(revived.count > 0 ? [`brings back ${counted(revived.count, 'dead event')}`] : []),
    ...(misdirected.count > 0 ? [`misdirects ${counted(misdirected.count, 'event')}`] : []),
  ]
  return does.length === 0 ? 'interrupts go wrong' : `the restore ${does.join(' and ')}`
}
