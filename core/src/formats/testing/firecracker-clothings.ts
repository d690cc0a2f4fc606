import { firecrackerReleases } from '../origin.ts'
import type { Clothing } from './clothing.ts'
import { firecrackerFiles } from './firecracker-files.ts'

/** One release of each encoding; in a long run all of them. */
const releases = process.env['VITS_LONG'] === undefined ? (['1.14', 'main'] as const) : firecrackerReleases

/** What a release of Firecracker writes. */
export const firecrackerClothings: readonly Clothing[] = releases.map((release) => ({
  name: `snapshot of Firecracker ${release}`,
  hasMsi: true,
  hasItses: false,
  hasGaps: true,
  files: ({ memory, ...vm }) =>
    firecrackerFiles({ ...vm, ranges: memory.ranges, read: (at, bytes) => memory.read(at, bytes) }, release),
}))
