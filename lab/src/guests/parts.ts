import { type KernelSeries, kernelImage, kernelSeries } from '../cache.ts'
import { CACHE } from '../folders.ts'

const GUESTS = `${CACHE}guests/`

/** What setup fetches for the guests, and what is made of it on first use. */
export const parts = { folder: GUESTS } as const

/** The Debian suites whose QEMU a guest can run on: the release of Debian that each is, and the arm64 packages that are unpacked. */
export const suites = {
  bookworm: { release: 'Debian 12', packages: ['qemu-system-arm', 'busybox-static'] },
  trixie: { release: 'Debian 13', packages: ['qemu-system-arm'] },
  sid: { release: 'Debian sid', packages: ['qemu-system-arm'] },
} as const

export type Suite = keyof typeof suites

export const suiteNames = Object.keys(suites) as Suite[]

/** Where a suite's packages lie unpacked, with the libraries they need. */
export const rootOf = (suite: Suite) => `${GUESTS}${suite}/`

/** The kernel of the hosts, and of the guests whose machine names no other. */
export const hostKernel: KernelSeries = '6.12'

/** The kernels that guests run: those of the lab, and Debian's newest, whole and not trimmed for clouds. */
export const guestKernels = [...kernelSeries, 'sid'] as const

export type GuestKernel = (typeof guestKernels)[number]

/** The image of a guests' kernel. @throws Error that says what to do when the lab is not set up. */
export const imageOf = (kernel: GuestKernel) => (kernel === 'sid' ? `${GUESTS}vmlinuz-sid` : kernelImage(kernel))

/** Where the modules of a guests' kernel lie, decompressed. */
export const modulesOf = (kernel: GuestKernel) => `${GUESTS}modules-${kernel}/`

/** The modules that guests load, in this order: what another needs comes before it. A kernel without one has it built in, or lacks the device. */
export const guestModules = [
  'virtio_ring',
  'virtio',
  'virtio_pci_legacy_dev',
  'virtio_pci_modern_dev',
  'virtio_pci',
  'virtio_console',
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
  'nvme-auth',
  'nvme-keyring',
  'nvme-core',
  'nvme',
  'i2c-algo-bit',
  'igb',
  'igbvf',
] as const

/** Scripts that run in the host and in its guests. */
export const SCRIPTS = new URL('../../guest/', import.meta.url)
