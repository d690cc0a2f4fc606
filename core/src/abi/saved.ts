import { elementAt, type Gpa } from '../memory/index.ts'
import { GITS_TRANSLATER, ITS_FRAME_BYTES } from './gits.ts'

/** The ITS registers that a VMM saves; KVM_DEV_ARM_VGIC_GRP_ITS_REGS reads and writes them. */
export interface ItsRegisters {
  readonly ctlr: number
  readonly iidr: number
  readonly cbaser: bigint
  readonly cwriter: bigint
  readonly creadr: bigint
  /** GITS_BASER0 to GITS_BASER7. */
  readonly baser: readonly bigint[]
}

/** One ITS of a saved machine. */
export interface SavedIts extends ItsRegisters {
  /** Where its frames are, if the file or the machine type tells; no register holds it. */
  readonly base: Gpa | undefined
}

/** The registers of one redistributor that concern LPIs. */
export interface RedistributorRegisters {
  /** GICR_TYPER's processor number: what RDbase names. */
  readonly vcpuId: number
  readonly ctlr: number
  readonly propbaser: bigint
  readonly pendbaser: bigint
  /** The vCPU whose registers these are, where the VMM read those in place of this one's own. */
  readonly copyOf?: number
}

/** Everything outside guest RAM that a restore of the LPI side needs. One redistributor per vCPU. */
export interface GicRegisters {
  /** In the order of their creation; at least one. */
  readonly itses: readonly SavedIts[]
  /** More ITSes that the machine had, of which the file tells nothing else. */
  readonly unreadItses?: number
  readonly redistributors: readonly RedistributorRegisters[]
  /** Where they are from, when no VMM saved them; see `inferredRegisters`. */
  readonly inferredFrom?: RegisterSource
}

export const registerSources = ['guest kernel'] as const
export type RegisterSource = (typeof registerSources)[number]

/** What is taken for granted of registers that are inferred, as clauses: the guest was at rest. */
const assumedRegisters: readonly string[] = [
  'GITS_CREADR is GITS_CWRITER',
  'the revision in GITS_IIDR is 0',
  'GITS_CTLR is enabled',
  'LPIs are enabled on each vCPU that has a pending table',
]

/** Where registers are from that no VMM saved, and what is assumed of them, for people; undefined for others. */
export function inferredRegisters({ inferredFrom }: GicRegisters): string | undefined {
  if (inferredFrom === undefined) return undefined
  return `none in the file: they are as the guest’s kernel keeps them, and it is assumed that ${assumedRegisters.slice(0, -1).join(', ')} and that ${assumedRegisters.at(-1)}`
}

/** Where QEMU's virt machine has its ITS. @source QEMU hw/arm/virt.c, base_memmap */
export const VIRT_ITS = 0x0808_0000 as Gpa

/** The ITS at `index`. @throws RangeError when there is none. */
export function savedIts({ itses }: GicRegisters, index = 0): SavedIts {
  return elementAt(itses, 'ITS', index)
}

/** Which ITS of a VM. */
export interface ItsPlace {
  /** In the order of the registers. */
  readonly index: number
  /** Where its frames are, if that is known. */
  readonly base: Gpa | undefined
}

/** How many ITSes the machine had, read or not. */
export const itsCount = ({ itses, unreadItses = 0 }: GicRegisters): number => itses.length + unreadItses

/** An address for every ITS: its own, or where none is known, a frame from QEMU's on that no other has. */
export function itsAddresses({ itses }: GicRegisters): Gpa[] {
  const taken = new Set<number | undefined>(itses.map(({ base }) => base))
  let free: number = VIRT_ITS
  return itses.map(({ base }) => {
    if (base !== undefined) return base
    while (taken.has(free)) free += ITS_FRAME_BYTES
    taken.add(free)
    return free as Gpa
  })
}

/** What the address that a vector writes to means. */
export type MsiTarget =
  /** The vector is not set. */
  | { readonly kind: 'unset' }
  /** GITS_TRANSLATER of the ITS of that index, or through an IOMMU what its tables map to it. */
  | { readonly kind: 'translater' | 'translated'; readonly its: number }
  /** Something else, or what is not known here: an ITS whose address no file tells, an IOMMU's input. It says nothing of events. */
  | { readonly kind: 'elsewhere' }

/** What a physical address means that a vector writes to. */
export function msiTarget(address: bigint, itses: readonly Pick<SavedIts, 'base'>[]): MsiTarget {
  if (address === 0n) return { kind: 'unset' }
  const its = itses.findIndex(({ base }) => base !== undefined && BigInt(base + GITS_TRANSLATER) === address)
  return its < 0 ? { kind: 'elsewhere' } : { kind: 'translater', its }
}

/** One MSI-X vector as the device model of a saved VM holds it. */
export interface MsixVector {
  /** Where the device writes: a physical address, or an IOMMU's input. 0 when unused. */
  readonly address: bigint
  readonly target: MsiTarget
  /** What it writes: the EventID, when the target is an ITS. */
  readonly data: number
  /** Masked by its own vector control. */
  readonly masked: boolean
}

/** The interrupts of one PCI function as its device model saved them: a witness of what the guest has mapped. */
export interface MsiFunction {
  /** The section that holds it, as QEMU names it: `0000:00:04.0/virtio-net`. */
  readonly name: string
  /** With what it writes its MSIs: bus << 8 | device << 3 | function, or one for all functions behind a bridge to conventional PCI. */
  readonly deviceId: number
  /** Its own bus << 8 | device << 3 | function, as the guest numbers the buses, where that is not its DeviceID: behind such a bridge. */
  readonly routingId?: number
  /** `unread`: the function is there, and its state cannot be read, as of one that VFIO passes through. */
  readonly kind: 'MSI-X' | 'MSI' | 'unread'
  /** MSI-X or MSI is enabled in the configuration space, and the function is not masked as a whole. */
  readonly enabled: boolean
  /** It is in another power state than D0, in which a driver may set up vectors that are not written to it. */
  readonly asleep?: true
  readonly vectors: readonly MsixVector[]
}
