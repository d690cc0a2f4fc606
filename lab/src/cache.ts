import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The one folder that `npm run lab:setup` fills; git ignores it. */
export const CACHE = fileURLToPath(new URL('../../.lab/', import.meta.url))

/** The agent's C sources. */
export const AGENT_SOURCES = fileURLToPath(new URL('../agent/', import.meta.url))

/** The initramfs that holds the agent as its only program. */
export const INITRAMFS = `${CACHE}agent.cpio`

/** The kernel series the lab asks, newest first, and the Debian package that holds each. */
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
 * The kernel image that `--kernel` names: a series that was set up, or a path.
 *
 * @throws Error that says what to do when it is not there.
 */
export function kernelImage(name: string): string {
  const series = kernelSeries.find((known) => known === name)
  const path = series === undefined ? name : vmlinuzOf(series)
  if (!existsSync(INITRAMFS) || (series !== undefined && !existsSync(path))) {
    throw new Error('the lab is not set up: run `npm run lab:setup` (Debian, as root)')
  }
  if (!existsSync(path)) throw new Error(`no kernel ${name}: name ${kernelSeries.join(' or ')}, or a path to an arm64 vmlinuz`)
  return path
}
