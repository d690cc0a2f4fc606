import { GICR_SGI } from '../abi/index.ts'
import type { Register } from './frame.ts'
import { privatesOf, type RedistributorPort } from './redistributor-port.ts'

type Private = Register<RedistributorPort>

const PRIORITY_WORDS = 8
/** SGIs are edge-triggered: 2 in each field of GICR_ICFGR0. */
const EDGE_TRIGGERED = 0xaaaa_aaaan
const ALL = 0xffff_ffffn

const word = (value: bigint): number => Number(BigInt.asUintN(32, value))

/** One bit for each of the 32 interrupts. */
const bitmap = (at: number, doc: string, read: (port: RedistributorPort) => number): Private => ({
  at,
  size: 4,
  doc,
  read: (port) => BigInt(read(port)),
})

/** The registers of a redistributor's SGI_base frame: SGIs and PPIs. @source vgic-mmio-v3.c vgic_v3_rd_registers */
export const privateRegisters: Readonly<Record<string, Private>> = {
  GICR_IGROUPR0: {
    at: GICR_SGI.IGROUPR0,
    size: 4,
    doc: 'Groups: 1 is all that a guest with one security state uses.',
    read: (port) => (port.gic.quirks['groups-fixed'] ? ALL : BigInt(privatesOf(port).group1)),
    write: (port, value) => {
      if (!port.gic.quirks['groups-fixed']) privatesOf(port).setGroup1(word(value))
    },
  },
  GICR_ISENABLER0: {
    ...bitmap(GICR_SGI.ISENABLER0, 'Enables; reads which are enabled.', (port) => privatesOf(port).enabled),
    write: (port, value) => privatesOf(port).setEnabled(word(value), true),
    restore: (port, value) => privatesOf(port).restoreEnabled(word(value), true),
  },
  GICR_ICENABLER0: {
    ...bitmap(GICR_SGI.ICENABLER0, 'Disables; reads which are enabled.', (port) => privatesOf(port).enabled),
    write: (port, value) => privatesOf(port).setEnabled(word(value), false),
    restore: (port, value) => privatesOf(port).restoreEnabled(word(value), false),
  },
  GICR_ISPENDR0: {
    ...bitmap(GICR_SGI.ISPENDR0, 'Makes pending. User space reads and writes all latches, without lines.', (port) => {
      return privatesOf(port).pending
    }),
    write: (port, value) => privatesOf(port).raise(word(value)),
    save: (port) => BigInt(privatesOf(port).latched),
    restore: (port, value) => {
      privatesOf(port).raise(word(value))
      privatesOf(port).clear(~word(value))
    },
  },
  GICR_ICPENDR0: {
    ...bitmap(GICR_SGI.ICPENDR0, 'Drops the pending state. Nothing for user space.', (port) => privatesOf(port).pending),
    write: (port, value) => privatesOf(port).clear(word(value)),
    save: () => 0n,
    restore: () => {},
  },
  GICR_ISACTIVER0: {
    ...bitmap(GICR_SGI.ISACTIVER0, 'Makes active; reads which are active.', (port) => privatesOf(port).active),
    write: (port, value) => privatesOf(port).setActive(word(value), true),
  },
  GICR_ICACTIVER0: {
    ...bitmap(GICR_SGI.ICACTIVER0, 'Makes inactive; reads which are active.', (port) => privatesOf(port).active),
    write: (port, value) => privatesOf(port).setActive(word(value), false),
  },
  ...Object.fromEntries(Array.from({ length: PRIORITY_WORDS }, (_, n) => [`GICR_IPRIORITYR${n}`, priorities(n)])),
  GICR_ICFGR0: { at: GICR_SGI.ICFGR0, size: 4, doc: 'SGIs are edge-triggered.', read: () => EDGE_TRIGGERED },
  GICR_ICFGR1: { at: GICR_SGI.ICFGR1, size: 4, doc: 'PPIs are level-sensitive.', read: () => 0n },
  GICR_IGRPMODR0: { at: GICR_SGI.IGRPMODR0, size: 4, doc: 'Not implemented.', read: () => 0n },
  GICR_NSACR: { at: GICR_SGI.NSACR, size: 4, doc: 'Not implemented.', read: () => 0n },
}

/** GICR_IPRIORITYR<n>: a byte for each of four interrupts. */
function priorities(n: number): Private {
  const intids = [0, 1, 2, 3].map((byte) => 4 * n + byte)
  return {
    at: GICR_SGI.IPRIORITYR + 4 * n,
    size: 4,
    doc: 'Priorities of four interrupts.',
    read: (port) => intids.reduce((sum, intid, byte) => sum | (BigInt(privatesOf(port).priority(intid)) << BigInt(8 * byte)), 0n),
    write: (port, value) => {
      for (const [byte, intid] of intids.entries()) {
        privatesOf(port).setPriority(intid, Number(value >> BigInt(8 * byte)) & 0xff)
      }
    },
  }
}
