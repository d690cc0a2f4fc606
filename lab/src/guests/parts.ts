import { type KernelSeries, kernelImage, kernelSeries } from '../cache.ts'
import { CACHE } from '../folders.ts'

const GUESTS = `${CACHE}guests/`

/** What setup fetches for the guests, and what is made of it on first use. */
export const parts = { folder: GUESTS } as const

const QEMU = 'usr/bin/qemu-system-aarch64'

/** What the host runs, each with a root of its own: the release of Debian, the arm64 packages that are unpacked, and the program of theirs. */
export const roots = {
  bookworm: { suite: 'bookworm', release: 'Debian 12', packages: ['qemu-system-arm', 'busybox-static'], program: QEMU },
  trixie: { suite: 'trixie', release: 'Debian 13', packages: ['qemu-system-arm'], program: QEMU },
  sid: { suite: 'sid', release: 'Debian sid', packages: ['qemu-system-arm'], program: QEMU },
  bpftrace: { suite: 'bookworm', release: 'Debian 12', packages: ['bpftrace'], program: 'usr/bin/bpftrace' },
} as const

export type Root = keyof typeof roots

export const rootNames = Object.keys(roots) as Root[]

/** The Debian suites whose QEMU a guest can run on. */
export type Suite = Exclude<Root, 'bpftrace'>

/** Where the packages of a root lie unpacked, with the libraries they need. */
export const rootOf = (root: Root) => `${GUESTS}${root}/`

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
