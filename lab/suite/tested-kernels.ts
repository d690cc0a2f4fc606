import { kernelSeries } from '../src/cache.ts'
import { fetchedVersions, isFetched } from '../src/kernels/fetched.ts'
import { seriesOf } from '../src/kernels/version.ts'

/** The kernels that `npm run test:lab` names; on their own, the tests ask those that setup always has. */
export const testedKernels: readonly string[] = process.env['LAB_KERNELS']?.split(',').map(orSubstitute) ?? kernelSeries

/** For a version that has left the mirror, the one of its series that setup fetched instead. */
function orSubstitute(name: string): string {
  if (isFetched(name) || kernelSeries.some((series) => series === name)) return name
  return fetchedVersions().findLast((version) => seriesOf(version) === seriesOf(name)) ?? name
}
