/** A kernel release: `6.12.117` is series `6.12`, patch 117; `7.3` and its release candidates are patch 0. */
export interface Release {
  readonly major: number
  readonly minor: number
  /** Of the stable series; 0 as first released. */
  readonly patch: number
  /** Of a release candidate, its number. */
  readonly candidate?: number
}

/**
 * From which releases on something is so: the first patch level of each stable series that has it, and of a mainline release 0. The
 * newest series named stands for all that follow. A series that is older and not named has it not: `{ '6.12': 114, '7.1': 0 }` is
 * 6.12.114 and later of 6.12, 7.1 and whatever came after, and no 6.18.
 */
export type Since = Readonly<Record<Series, number>>

export type Series = `${number}.${number}`

/** Reads `6.12.117`, `6.12`, `7.3-rc7`. Undefined for what begins with no release. */
export function parseRelease(text: string): Release | undefined {
  const numbers = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,6}))?(?:-rc(\d{1,3}))?(?![\d.])/.exec(text)
  if (numbers === null) return undefined
  const [, major, minor, patch = 0, candidate] = numbers
  const release = { major: Number(major), minor: Number(minor), patch: Number(patch) }
  return candidate === undefined ? release : { ...release, candidate: Number(candidate) }
}

/** `6.12.117`; `6.12` for patch 0. */
export function releaseName({ major, minor, patch, candidate }: Release): string {
  return `${major}.${minor}${patch === 0 ? '' : `.${patch}`}${candidate === undefined ? '' : `-rc${candidate}`}`
}

export const seriesOf = ({ major, minor }: Release): Series => `${major}.${minor}`

/** True when the release is one of those. */
export function isSince(release: Release, since: Since): boolean {
  const patch = since[seriesOf(release)]
  if (patch !== undefined) return release.patch >= patch
  return Object.keys(since).length > 0 && Object.keys(since).every((series) => isLaterSeries(release, parseRelease(series)!))
}

/** True when `a` is of a later series than `b`, whatever their patch levels. */
export const isLaterSeries = (a: Release, b: Release): boolean => a.major > b.major || (a.major === b.major && a.minor > b.minor)
