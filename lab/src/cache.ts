import { existsSync } from 'node:fs'
import { CACHE, INITRAMFS } from './folders.ts'
import { fetchedVersions, imageOfVersion } from './kernels/fetched.ts'
import { seriesOf } from './kernels/version.ts'

/** The kernel series that hosts and guests run as well, newest first, and the Debian package that holds the newest of each. */
export const kernelPackages = {
  '6.12': /^linux-image-6\.12\.(\d+)\+deb\d+-cloud-arm64-unsigned$/,
  '6.1': /^linux-image-6\.1\.0-(\d+)-cloud-arm64-unsigned$/,
} as const

export type KernelSeries = keyof typeof kernelPackages

export const kernelSeries = Object.keys(kernelPackages) as KernelSeries[]

/** Where setup puts the kernel of a series, and what it knows of its package. */
export const vmlinuzOf = (series: KernelSeries) => `${CACHE}vmlinuz-${series}`
export const packageNoteOf = (series: KernelSeries) => `${CACHE}vmlinuz-${series}.package`

/**
 * The kernel image that `--kernel` names: a series that was set up, a version that was fetched or the newest fetched of a series, or
 * a path.
 *
 * @throws Error that says what to do when it is not there.
 */
export function kernelImage(name: string): string {
  const path = imageNamed(name) ?? name
  const isSeries = kernelSeries.some((known) => known === name)
  if (!existsSync(INITRAMFS) || (isSeries && !existsSync(path))) {
    throw new Error('the lab is not set up: run `npm run lab:setup` (Debian, as root)')
  }
  if (existsSync(path)) return path
  if (/^\d+\.\d+[\w.-]*$/.test(name)) {
    throw new Error(`Linux ${name} was not fetched: npm run lab:setup -- --kernels ${name}, or all; or name a path to an image`)
  }
  const fetched = [...kernelSeries, ...fetchedVersions()].join(', ')
  throw new Error(`no kernel ${name}: name one that is here (${fetched}), or a path to an arm64 vmlinuz`)
}

function imageNamed(name: string): string | undefined {
  const series = kernelSeries.find((known) => known === name)
  if (series !== undefined) return vmlinuzOf(series)
  const fetched = fetchedVersions()
  const version = fetched.find((known) => known === name) ?? fetched.findLast((known) => seriesOf(known) === name)
  return version === undefined ? undefined : imageOfVersion(version)
}
