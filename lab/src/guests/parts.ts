import { CACHE, type KernelSeries } from '../cache.ts'

const GUESTS = `${CACHE}guests/`

/** What setup fetches for the guests, and what is made of it on first use. */
export const parts = {
  folder: GUESTS,
  /** Kernel modules of the guests' kernel, decompressed. */
  modules: `${GUESTS}modules/`,
} as const

/** The Debian suites whose QEMU a guest can run on, with the release of Debian that each is. */
export const suites = { bookworm: 'Debian 12', trixie: 'Debian 13' } as const

export type Suite = keyof typeof suites

export const suiteNames = Object.keys(suites) as Suite[]

/** Where a suite's arm64 packages lie unpacked: QEMU, the libraries it needs, busybox. */
export const rootOf = (suite: Suite) => `${GUESTS}${suite}/`

/** The kernel of the guests, and of their host. */
export const guestKernel: KernelSeries = '6.12'

/** The arm64 packages that setup unpacks, with everything they depend on. */
export const guestPackages = ['qemu-system-arm', 'busybox-static'] as const

/** The kernel's modules that guests load, in this order: what another needs comes before it. */
export const guestModules = [
  'virtio_mmio',
  'virtio-iommu',
  'virtio_blk',
  'failover',
  'net_failover',
  'virtio_net',
  'scsi_common',
  'scsi_mod',
  'virtio_scsi',
  'sd_mod',
  'virtio-rng',
  'virtio_balloon',
  'virtio_mem',
] as const

/** Scripts that run in the host and in its guests. */
export const SCRIPTS = new URL('../../guest/', import.meta.url)
