import type { Refusal, VirtualInterrupts } from './virtual-interrupts.ts'

/** One copy of a VMOVP, as one ITS executes it. */
export interface MoveCopy {
  /** ITS_Number of the ITS that executes it. */
  readonly its: number
  readonly vpeid: number
  readonly rdBase: number
  /** The same in every copy; 16 bits. */
  readonly sequence: number
  /** One bit for each ITS_Number that takes part. */
  readonly itsList: number
}

interface Meeting extends MoveCopy {
  arrived: number
}

/**
 * Where the copies of a VMOVP meet: the vPE moves when the last ITS of the ITSList has executed its copy.
 *
 * An ITS whose GITS_TYPER.VMOVP is 1 tells the others itself, and its one VMOVP moves the vPE at once.
 * Decided here: until the copies have met the vPE keeps taking interrupts from every ITS and cannot be made resident; an ITS
 * that maps the vPE and was left out of the list goes on sending to the old redistributor, so what it sends is lost.
 *
 * @source IHI 0069 "VMOVP"; Linux irq-gic-v3-its.c its_send_vmovp
 */
export class MoveMeeting {
  readonly #virtual: VirtualInterrupts
  readonly #open = new Map<number, Meeting>()

  constructor(virtual: VirtualInterrupts) {
    this.#virtual = virtual
  }

  /** GITS_TYPER.VMOVP is 1. */
  moveAlone(copy: MoveCopy): Refusal {
    const refusal = this.#check(copy)
    if (refusal !== undefined) return refusal
    const vpe = this.#virtual.vpe(copy.vpeid)!
    for (const its of vpe.routes.keys()) vpe.routes.set(its, copy.rdBase)
    this.#virtual.move(vpe, copy.rdBase)
    return undefined
  }

  /** GITS_TYPER.VMOVP is 0. */
  arrive(copy: MoveCopy): Refusal {
    const refusal = this.#check(copy) ?? this.#fits(copy)
    if (refusal !== undefined) return refusal
    const vpe = this.#virtual.vpe(copy.vpeid)!
    const meeting = this.#open.get(copy.sequence) ?? { ...copy, arrived: 0 }
    meeting.arrived |= 1 << copy.its
    vpe.routes.set(copy.its, copy.rdBase)
    vpe.moving = meeting.arrived !== copy.itsList
    if (vpe.moving) this.#open.set(copy.sequence, meeting)
    else {
      this.#open.delete(copy.sequence)
      this.#virtual.move(vpe, copy.rdBase)
    }
    return undefined
  }

  #check({ its, vpeid, rdBase }: MoveCopy): Refusal {
    const vpe = this.#virtual.vpe(vpeid)
    if (vpe?.routes.has(its) !== true) return `vPE ${vpeid} is not mapped`
    if (!this.#virtual.canHold(vpeid, rdBase)) return `redistributor ${rdBase} has no place for vPE ${vpeid}`
    if (vpe.resident) return `vPE ${vpeid} is resident`
    return undefined
  }

  #fits({ its, vpeid, rdBase, sequence, itsList }: MoveCopy): Refusal {
    if (((itsList >>> its) & 1) === 0) return `ITS ${its} is not in its own ITSList 0x${itsList.toString(16)}`
    const meeting = this.#open.get(sequence)
    if (meeting !== undefined && this.#virtual.vpe(meeting.vpeid)?.moving !== true) this.#open.delete(sequence)
    else if (meeting !== undefined) return this.#joins(meeting, { its, vpeid, rdBase, sequence, itsList })
    return this.#virtual.vpe(vpeid)!.moving ? `vPE ${vpeid} moves already under another sequence number` : undefined
  }

  #joins(meeting: Meeting, { its, vpeid, rdBase, sequence, itsList }: MoveCopy): Refusal {
    const same = meeting.vpeid === vpeid && meeting.rdBase === rdBase && meeting.itsList === itsList
    if (!same) return `sequence number ${sequence} belongs to another VMOVP`
    return ((meeting.arrived >>> its) & 1) === 1 ? `sequence number ${sequence} came twice` : undefined
  }
}
