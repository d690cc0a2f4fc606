import {
  KVM_VGIC_ADDR_TYPE as ADDRESS,
  KVM_DEV_ARM_CTRL as CTRL,
  type KVM_DEV_ARM_VGIC_GRP,
  type QuirkName,
} from '../abi/index.ts'
import type { Errno } from '../memory/index.ts'

/** A device attribute as a VMM sees it. */
export interface AttributeRow {
  readonly group: keyof typeof KVM_DEV_ARM_VGIC_GRP
  /** The uapi's name, or what the number is made of. */
  readonly name: string
  readonly attr?: number
  readonly access: 'set' | 'set, get'
  /** What `kvm_device_attr.addr` points at. */
  readonly value: string
  readonly does: string
  /** The first Linux that has it. */
  readonly since: string
  readonly errnos: Readonly<Partial<Record<Errno, string>>>
  /** Where kernels differ. */
  readonly quirks?: readonly QuirkName[]
}

const none = 'none'
const frame = 'u64: guest physical address'
const busy = 'a vCPU is in KVM_RUN'
const noRegister =
  'of KVM_HAS_DEVICE_ATTR alone: there is no register of 32 bits at the offset; what is none reads as 0 and ignores writes'

/**
 * KVM_DEV_TYPE_ARM_VGIC_ITS.
 *
 * @source Linux vgic-its.c, vgic_its_set_attr and vgic_its_has_attr
 */
export const itsAttributes = {
  address: {
    group: 'ADDR',
    name: 'KVM_VGIC_ITS_ADDR_TYPE',
    attr: ADDRESS.ITS,
    access: 'set, get',
    value: frame,
    does: 'puts the frame of 128 KiB there; reads as all ones before',
    since: '4.8',
    errnos: {
      EEXIST: 'the ITS has an address',
      EINVAL: 'it is not aligned to 64 KiB',
      E2BIG: 'the frame does not lie inside the IPA space',
      ENODEV: 'the group has no other address',
    },
    quirks: ['frame-past-ipa'],
  },
  init: {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_VGIC_CTRL_INIT',
    attr: CTRL.VGIC_CTRL_INIT,
    access: 'set',
    value: none,
    does: 'nothing any more: an ITS is ready when it is made',
    since: '4.8',
    errnos: {},
  },
  'save-tables': {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_ITS_SAVE_TABLES',
    attr: CTRL.ITS_SAVE_TABLES,
    access: 'set',
    value: none,
    does: 'writes ITTs, device table and collection table into guest RAM; a table whose GITS_BASER<n> is not Valid is left out',
    since: '4.13',
    errnos: {
      EBUSY: busy,
      EFAULT: 'an entry lies outside guest RAM',
      EINVAL: 'a device has no place in the table: the first level no longer leads to it',
      EACCES: 'hardware delivers an event, and the host has GICv4.0 only',
    },
    quirks: ['save-refuses-unreachable-device', 'save-invalid-baser', 'no-gicv41-save', 'null-collection-oops'],
  },
  'restore-tables': {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_ITS_RESTORE_TABLES',
    attr: CTRL.ITS_RESTORE_TABLES,
    access: 'set',
    value: none,
    does: 'maps what the tables in guest RAM say: the collections, then the devices with their events. After an errno nothing is mapped',
    since: '4.13',
    errnos: {
      EBUSY: busy,
      EFAULT: 'a table, an ITT or a table of LPIs lies outside guest RAM',
      EINVAL: 'an entry is not what a save writes',
      EEXIST: 'a collection is mapped already',
    },
  },
  reset: {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_ITS_CTRL_RESET',
    attr: CTRL.ITS_CTRL_RESET,
    access: 'set',
    value: none,
    does: 'unmaps everything; GITS_CTLR, GITS_CBASER, GITS_CREADR and GITS_CWRITER become 0, and GITS_BASER<n> loses Valid and keeps the rest. Guest RAM stays as it is',
    since: '4.15',
    errnos: { EBUSY: busy, ENXIO: 'the group has no such attribute' },
    quirks: ['no-ctrl-reset', 'unknown-ctrl-accepted'],
  },
  registers: {
    group: 'ITS_REGS',
    name: 'offset in the frame',
    access: 'set, get',
    value: 'u64, also for registers of 32 bits',
    does: 'accesses a register as userspace: GITS_CREADR and GITS_IIDR can be written',
    since: '4.13',
    errnos: {
      EBUSY: `${busy}; GITS_CREADR while the ITS is enabled`,
      ENXIO: 'the ITS has no address, or no register there',
      EINVAL:
        'the offset is not aligned to the register; GITS_CREADR past the queue; GITS_IIDR with a revision of the table ABI that is not known',
    },
  },
} as const satisfies Readonly<Record<string, AttributeRow>>

/**
 * KVM_DEV_TYPE_ARM_VGIC_V3, as far as LPIs go.
 *
 * @source Linux vgic-kvm-device.c, vgic_v3_set_attr and vgic_v3_has_attr
 */
export const gicAttributes = {
  'distributor-address': {
    group: 'ADDR',
    name: 'KVM_VGIC_V3_ADDR_TYPE_DIST',
    attr: ADDRESS.V3_DIST,
    access: 'set, get',
    value: frame,
    does: 'puts the distributor of 64 KiB there',
    since: '4.0',
    errnos: {
      EEXIST: 'it has an address',
      EINVAL: 'it is not aligned to 64 KiB',
      E2BIG: 'it does not lie inside the IPA space',
      ENXIO: 'the group has no such address',
    },
    quirks: ['frame-past-ipa'],
  },
  init: {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_VGIC_CTRL_INIT',
    attr: CTRL.VGIC_CTRL_INIT,
    access: 'set',
    value: none,
    does: 'initialises the GIC, once all vCPUs are there',
    since: '4.0',
    errnos: {},
  },
  'save-pending-tables': {
    group: 'CTRL',
    name: 'KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES',
    attr: CTRL.VGIC_SAVE_PENDING_TABLES,
    access: 'set',
    value: none,
    does: 'writes the pending bit of every LPI into the pending table of its vCPU; with GICv4.1 it unmaps all vPEs meanwhile',
    since: '4.13',
    errnos: { EBUSY: busy, EFAULT: 'a pending table lies outside guest RAM', ENXIO: 'the GIC is not initialised' },
    quirks: ['pending-save-before-init'],
  },
  'redistributor-registers': {
    group: 'REDIST_REGS',
    name: 'affinity of a vCPU in [63:32], offset from RD_base in [31:0]',
    access: 'set, get',
    value: 'u32: registers of 64 bits are two attributes',
    does: 'accesses a register of a redistributor: LPIs in RD_base, SGIs and PPIs in SGI_base. GICR_ISPENDR0 is all pending latches, read and written at once, without lines, and of SGIs that GICv4.1 delivers the bits of the hardware; GICR_ICPENDR0 is nothing. SGIs that are pending when GICD_CTLR begins to forward are not looked at: that register goes first',
    since: '4.11',
    errnos: {
      EBUSY: `${busy}; the GIC is not initialised`,
      EINVAL: 'no vCPU has that affinity',
      ENXIO: noRegister,
    },
    quirks: ['redistributor-last-hidden', 'groups-fixed', 'no-lpi-invalidate-registers'],
  },
  'distributor-registers': {
    group: 'DIST_REGS',
    name: 'offset in [31:0]',
    access: 'set, get',
    value: 'u32',
    does: 'accesses a register of the distributor',
    since: '4.11',
    errnos: { EBUSY: `${busy}; the GIC is not initialised`, ENXIO: noRegister },
  },
  'line-levels': {
    group: 'LEVEL_INFO',
    name: 'affinity of a vCPU in [63:32], VGIC_LEVEL_INFO_LINE_LEVEL (0) in [31:10], INTID in [9:0]',
    access: 'set, get',
    value: 'u32: bit n is the line of INTID + n',
    does: 'sets or reads the lines of 32 interrupts; those of SGIs read as 0, and SPIs are not in the model',
    since: '4.11',
    errnos: {
      EBUSY: `${busy}; the GIC is not initialised`,
      EINVAL: 'no vCPU has that affinity, the INTID is no multiple of 32, or something else than lines is asked for',
      ENXIO: 'of KVM_HAS_DEVICE_ATTR alone: something else than lines is asked for',
    },
  },
} as const satisfies Readonly<Record<string, AttributeRow>>
