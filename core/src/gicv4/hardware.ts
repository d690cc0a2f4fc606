import { ITS_LIST_MAX } from '../abi/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { HardwareLog } from './log.ts'
import { PhysicalIts } from './physical-its.ts'
import { PhysicalLpis } from './physical-lpis.ts'
import { PhysicalRedistributor } from './redistributor.ts'
import { type GicVersion, VirtualInterrupts } from './virtual-interrupts.ts'
import { MoveMeeting } from './vmovp.ts'

/** What a GIC with virtual LPIs is made of. */
export interface HardwareShape {
  readonly version: GicVersion
  /** The host's memory: pending, configuration and vPE tables live here. */
  readonly memory: GuestMemory
  /** One for each physical processor. */
  readonly redistributors: number
  /** At most 16, because VMOVP's ITSList has 16 bits. Default 1. */
  readonly itses?: number
  /** GITS_TYPER.VMOVP of every ITS. Default true with one ITS, false with several. */
  readonly vmovp?: boolean
  /** Host address of the physical LPI configuration table. */
  readonly lpiConfigAddr: Gpa
  /** How many reads show Dirty or Busy after a change; Infinity for hung hardware. Default 1. */
  readonly latency?: number
}

/** The GIC of a host with GICv4.0 or GICv4.1: its ITSes, its redistributors, and the virtual interrupts they share. */
export class GicHardware {
  readonly version: GicVersion
  readonly memory: GuestMemory
  readonly log = new HardwareLog()
  readonly lpis: PhysicalLpis
  readonly virtual: VirtualInterrupts
  readonly itses: readonly PhysicalIts[]
  readonly redistributors: readonly PhysicalRedistributor[]

  /** @throws RangeError for more than 16 ITSes, or none. */
  constructor({ version, memory, redistributors, itses = 1, vmovp = itses === 1, lpiConfigAddr, latency = 1 }: HardwareShape) {
    if (itses < 1 || itses > ITS_LIST_MAX) throw new RangeError(`a GICv4 has 1 to ${ITS_LIST_MAX} ITSes, not ${itses}`)
    this.version = version
    this.memory = memory
    this.lpis = new PhysicalLpis(memory, lpiConfigAddr)
    const virtual = new VirtualInterrupts(version, memory, this.log, this.lpis, redistributors)
    const meeting = new MoveMeeting(virtual)
    this.virtual = virtual
    this.itses = Array.from({ length: itses }, (_, number) => new PhysicalIts(number, vmovp, virtual, meeting))
    this.redistributors = Array.from(
      { length: redistributors },
      (_, rdBase) => new PhysicalRedistributor(rdBase, virtual, latency),
    )
  }
}
