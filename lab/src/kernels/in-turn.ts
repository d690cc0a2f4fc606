import { kernelSeries } from '../cache.ts'
import type { PinnedKernel } from './pinned.ts'
import { byVersion, seriesOf } from './version.ts'

const DAY_MS = 86_400_000

/**
 * The kernels that a run of the tests asks: the newest of the series that guests run, the newest that there is, and one of all others,
 * another one every day.
 */
export function kernelsInTurn(pinned: readonly PinnedKernel[], date: Date): { always: string[]; inTurn: string } {
  const versions = pinned.map(({ version }) => version).sort(byVersion)
  const newest = versions.at(-1)!
  const others = versions.filter((version) => version !== newest && !isNewestOfGuests(version, versions))
  const day = Math.floor(date.getTime() / DAY_MS)
  return { always: [...kernelSeries, newest], inTurn: others[day % others.length]! }
}

/** Setup has the newest kernel of these series anyway. */
const isNewestOfGuests = (version: string, versions: readonly string[]) =>
  kernelSeries.some((series) => series === seriesOf(version)) &&
  version === versions.findLast((other) => seriesOf(other) === seriesOf(version))
