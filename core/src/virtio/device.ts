import { GPA_LIMIT, type Gpa, PAGE_BYTES } from '../memory/index.ts'
import type { VirtioKind } from './kinds.ts'

/** The feature bits that decide how a ring is read. @source Virtual I/O Device 1.3, "Reserved Feature Bits" */
export const VIRTIO_F = { eventIdx: 29, accessPlatform: 33, ringPacked: 34 } as const

/** Of the status that the driver writes: it has set the device up. */
export const VIRTIO_STATUS_DRIVER_OK = 4

export const hasFeature = ({ features }: Pick<VirtioDevice, 'features'>, bit: keyof typeof VIRTIO_F): boolean =>
  ((features >> BigInt(VIRTIO_F[bit])) & 1n) === 1n

/**
 * Where the three parts of a ring begin. Of a packed ring `avail` is what the driver wants to be told of, and `used` what the device does.
 * `elsewhere`: the addresses are the input of an IOMMU whose output is not known, or none that a guest can have. `uncounted`: the device
 * saved where the ring is and not how far it has come in it.
 */
export type RingPlace = { readonly kind: 'unset' | 'elsewhere' | 'uncounted' } | RingInRam

export interface RingInRam {
  readonly kind: 'ram'
  readonly desc: Gpa
  readonly avail: Gpa
  readonly used: Gpa
  /** Behind an IOMMU, of which those are the input: where the pages are that hold the words of `ringWords`. */
  readonly pages?: readonly RingPage[]
}

export interface RingPage {
  readonly input: Gpa
  readonly output: Gpa
}

/** Where a word of a ring is in guest RAM; beyond all of it where that is not known. */
export function ringAddress({ pages }: RingInRam, at: number): Gpa {
  if (pages === undefined) return at as Gpa
  const inPage = at % PAGE_BYTES
  return ((pages.find(({ input }) => input === at - inPage)?.output ?? GPA_LIMIT) + inPage) as Gpa
}

/** A place in a packed ring: the number of a descriptor, and the wrap counter of the lap it is meant in. */
export interface PackedPosition {
  readonly index: number
  readonly wrap: boolean
}

/** One virtqueue, as its device saved it. */
export interface Virtqueue {
  readonly index: number
  /** Descriptors of its ring. */
  readonly size: number
  /** The MSI-X vector that tells of its used buffers; undefined where the driver wants none. */
  readonly vector: number | undefined
  readonly place: RingPlace
  /** The next available buffer that the device takes: a running count, mod 2^16, of a split ring. */
  readonly nextAvail: number
  /** The same of a packed ring, and where the device puts its next used buffer. */
  readonly packed?: { readonly avail: PackedPosition; readonly used: PackedPosition }
  /** Where this was read from, as a byte of the file that the device saved it to. */
  readonly offset: number
}

/** A virtio function of the PCI bus, as its device model saved it. */
export interface VirtioDevice {
  /** The section that holds it, as QEMU names it: `0000:00:02.0/virtio-blk`. */
  readonly name: string
  /** With what it writes its MSIs: see `MsiFunction`. */
  readonly deviceId: number
  /** Undefined for one that is not known here. */
  readonly kind: VirtioKind | undefined
  /** Why nothing of its queues is known, if that is so. */
  readonly unread?: string
  /** It was saved after the GIC, and may have raised an interrupt in between, which then no file has. */
  readonly savedAfterGic?: true
  readonly status: number
  /** What driver and device agreed on. */
  readonly features: bigint
  /** The MSI-X vector that tells of changes of its configuration; undefined where the driver wants none. */
  readonly configVector: number | undefined
  readonly queues: readonly Virtqueue[]
  readonly offset: number
}
