import { decodeCommand, GITS, GITS_CTLR, GITS_SGIR, GITS_TYPER, GITS_VIRTUAL } from '../abi/index.ts'
import { eventOf, type ItsState, type PhysicalDevice, send } from './its-state.ts'
import type { HardwareLog } from './log.ts'
import { physicalCommands } from './physical-commands.ts'
import type { PhysicalLpis } from './physical-lpis.ts'
import { virtualCommands } from './virtual-commands.ts'
import type { Refusal, VirtualInterrupts } from './virtual-interrupts.ts'
import type { MoveMeeting } from './vmovp.ts'

/** GITS_BASER2: Linux gives it to the vPE table. */
const VPE_BASER = GITS.BASER2

type AnyHandler = (its: ItsState, args: unknown) => Refusal
const handlers = { ...physicalCommands, ...virtualCommands } as unknown as Readonly<Record<string, AnyHandler>>

/**
 * A physical ITS with GICv4 as the host's driver sees it: commands, MSIs, and the registers that concern virtual interrupts.
 *
 * A command that hardware would answer with a stall or an SError, or may answer with anything, is ignored and logged.
 *
 * @source IHI 0069 "The Interrupt Translation Service"
 */
export class PhysicalIts implements ItsState {
  readonly number: number
  readonly vmovp: boolean
  readonly virtual: VirtualInterrupts
  readonly meeting: MoveMeeting
  readonly devices = new Map<number, PhysicalDevice>()
  readonly collections = new Map<number, number>()
  vpeBaser = 0n

  constructor(number: number, vmovp: boolean, virtual: VirtualInterrupts, meeting: MoveMeeting) {
    this.number = number
    this.vmovp = vmovp
    this.virtual = virtual
    this.meeting = meeting
  }

  get lpis(): PhysicalLpis {
    return this.virtual.lpis
  }

  get log(): HardwareLog {
    return this.virtual.log
  }

  /** Executes one command of eight 32-bit words. @returns false when it was ignored; the log says why. */
  execute(words: Uint32Array): boolean {
    const command = decodeCommand(words)
    const refusal = command === undefined ? 'no such command' : handlers[command.name]!(this, command.args)
    if (refusal === undefined) return true
    const name = command?.name ?? `opcode 0x${(words[0]! & 0xff).toString(16)}`
    this.log.note('refused', `${name}: ${refusal}`, { its: this.number })
    return false
  }

  /** A device writes `eventId` to GITS_TRANSLATER. @returns false when the interrupt is lost; the log says why. */
  msi(deviceId: number, eventId: number): boolean {
    const event = eventOf(this, deviceId, eventId)
    if (typeof event !== 'string') return send(this, event)
    this.log.note('lost', event, { its: this.number })
    return false
  }

  /**
   * A register; 0 for one the model does not have. GITS_MPIDR reads as 0: with SVPET 1 every redistributor of affinity 0.x.x.x
   * shares the vPE table of this ITS.
   */
  read(offset: number): bigint {
    if (offset === GITS.CTLR) return GITS_CTLR.pack({ enabled: true, itsNumber: this.number, quiescent: true })
    if (offset === GITS.TYPER) return this.#typer
    return offset === VPE_BASER ? this.vpeBaser : 0n
  }

  get #typer(): bigint {
    const v41 = this.virtual.version === 'GICv4.1'
    const shape = { ittEntrySize: 7, idBits: 15, devBits: 15, plpis: true, vlpis: true, vmovp: this.vmovp }
    return GITS_TYPER.pack({ ...shape, vsgi: v41, vmapp: v41, svpet: v41 ? 1 : 0 })
  }

  /** GITS_SGIR makes a virtual SGI pending; it is lost when the vPE is not mapped. GITS_BASER2 is GICv4.0's vPE table. */
  write(offset: number, value: bigint): void {
    if (offset === VPE_BASER) this.vpeBaser = value
    else if (offset === GITS_VIRTUAL.SGIR && this.virtual.version === 'GICv4.1') {
      const { vpeid, vintid } = GITS_SGIR.unpack(value)
      this.virtual.raise(this.number, vpeid, vintid)
    } else this.log.note('refused', `a write to register 0x${offset.toString(16)}`, { its: this.number })
  }
}
