import { COMMAND_BYTES, type CommandName, commands, encodeCommand, type Operands } from '@vits/core/abi'
import { deviceIdOf, eventIdOf, icidOf, ittAddr, lpiOf, places, type Shape, vcpusOf } from './guest-shape.ts'
import type { Subject } from './subject.ts'
import { timed } from './timed.ts'

/** What some operations took together. */
export interface Cost {
  readonly ns: number
  readonly operations: number
}

/** A guest's driver of an ITS: it queues commands and rings when the queue is full. */
export class Guest<S extends Subject = Subject> {
  readonly subject: S
  readonly shape: Shape
  #cwriter = 0
  #ns = 0
  #commands = 0

  constructor(subject: S, shape: Shape) {
    this.subject = subject
    this.shape = shape
  }

  /** Maps every device and event anew, and tells what MAPD and MAPTI took: the writes of GITS_CWRITER. */
  mapAll(): Cost {
    const { subject, shape } = this
    subject.reset()
    subject.enable()
    this.#cwriter = 0
    for (let vcpu = 0; vcpu < vcpusOf(shape); vcpu++) this.#queue('MAPC', { icid: vcpu, rdBase: vcpu, valid: true })
    this.#ring()
    this.#restart()
    for (let device = 0, n = 0; device < shape.devices; device++) {
      const deviceId = deviceIdOf(shape, device)
      const itt = ittAddr(shape, device)
      this.#put(commands.MAPD.opcode, deviceId, shape.bits - 1, 0, itt, 0x8000_0000 | Math.floor(itt / 2 ** 32))
      for (let event = 0; event < shape.events; event++, n++)
        this.#put(commands.MAPTI.opcode, deviceId, eventIdOf(shape, event), lpiOf(n), icidOf(shape, n), 0)
    }
    const cost = this.#rung()
    if (subject.events !== shape.devices * shape.events) throw new Error('not every event is mapped')
    return cost
  }

  /** Moves events (DeviceID << 16 | EventID) to the collections in turn. */
  moveAll(keys: Int32Array): Cost {
    this.#restart()
    for (let n = 0; n < keys.length; n++)
      this.#put(commands.MOVI.opcode, keys[n]! >>> 16, keys[n]! & 0xffff, 0, icidOf(this.shape, n), 0)
    return this.#rung()
  }

  /** Saves what is mapped and restores that; the restore alone is told. */
  restoreAll(hasHeads: boolean): Cost {
    this.subject.reset()
    let isDone = false
    const ns = timed(() => {
      isDone = this.subject.restore(hasHeads)
    })
    if (!isDone || this.subject.events !== this.shape.devices * this.shape.events) throw new Error('the restore is not complete')
    return { ns, operations: 1 }
  }

  #restart(): void {
    this.#ns = 0
    this.#commands = 0
  }

  #rung(): Cost {
    this.#ring()
    return { ns: this.#ns, operations: this.#commands }
  }

  #ring(): void {
    this.#ns += timed(() => this.subject.writeCwriter(this.#cwriter))
  }

  #queue<N extends CommandName>(name: N, args: Partial<Operands<N>>): void {
    const [w0, w1, w2, w3, w4, w5] = encodeCommand(name, args)
    this.#put(w0!, w1!, w2!, w3!, w4!, w5!)
  }

  /** A guest's store of one command; a full queue is rung first. */
  #put(w0: number, w1: number, w2: number, w3: number, w4: number, w5: number): void {
    const at = (places.queue - places.ram + this.#cwriter) / 4
    const { words } = this.subject
    words[at] = w0
    words[at + 1] = w1
    words[at + 2] = w2
    words[at + 3] = w3
    words[at + 4] = w4
    words[at + 5] = w5
    words[at + 6] = 0
    words[at + 7] = 0
    this.#commands++
    this.#cwriter = (this.#cwriter + COMMAND_BYTES) % places.queueBytes
    if ((this.#cwriter + COMMAND_BYTES) % places.queueBytes === this.subject.creadr) this.#ring()
  }
}
