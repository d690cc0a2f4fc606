import type { ForeignApt } from '../debian.ts'
import type { PinnedKernel } from './pinned.ts'
import { byVersion, seriesOf, upstreamOf } from './version.ts'

/** A package with a kernel's image, as a suite's index lists it. */
export interface OfferedPackage {
  readonly name: string
  /** Debian's version of it. */
  readonly packaged: string
  readonly bytes: number
}

/** Kernels for clouds; where image and modules are packages apart, `linux-image-` names a package of neither. */
const NAME = /^linux-(?:image|binary)-\d.*cloud-arm64$/
const EMPTY_BYTES = 1_000_000

/** The packages of kernels for arm64 clouds that the suites of an apt offer. */
export function offeredPackages(apt: ForeignApt): OfferedPackage[] {
  const names = apt
    .cache('pkgnames', 'linux-')
    .split('\n')
    .filter((name) => NAME.test(name))
  return names.length === 0 ? [] : packagesIn(apt.cache('show', ...names))
}

/** The packages that a listing of apt's describes. */
export function packagesIn(listing: string): OfferedPackage[] {
  const field = (paragraph: string, name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1] ?? ''
  return listing
    .split('\n\n')
    .map((text) => ({ name: field(text, 'Package'), packaged: field(text, 'Version'), bytes: Number(field(text, 'Size')) }))
    .filter(({ bytes }) => bytes > EMPTY_BYTES)
}

/** A package that would do, and the release it is made from. */
export interface Candidate extends OfferedPackage {
  readonly version: string
}

/** What may be fetched for a pinned kernel: itself where it is offered, then the others of its series, newest first. */
export function candidatesFor(
  pinned: Pick<PinnedKernel, 'version' | 'packaged'>,
  offered: readonly OfferedPackage[],
): Candidate[] {
  const series = seriesOf(pinned.version)
  const newestFirst = offered
    .map((kernel) => ({ ...kernel, version: upstreamOf(kernel.packaged) }))
    .filter(({ version }) => seriesOf(version) === series)
    .sort((a, b) => byVersion(b.version, a.version))
  const isPinned = ({ packaged }: OfferedPackage) => packaged === pinned.packaged
  return [...newestFirst.filter(isPinned), ...newestFirst.filter((kernel) => !isPinned(kernel))]
}
