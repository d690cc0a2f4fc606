import {
  GICR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS,
  GITS_BASER,
  GITS_CBASER,
  GITS_TRANSLATER,
  type GicRegisters,
  L1E,
  L2_BYTES,
  profiles,
  VIRT_ITS,
} from '@vits/core/abi'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its, itsFrame, redistributorFrame, Translaters } from '@vits/core/its'
import { type Gpa, GuestMemory } from '@vits/core/memory'
import { seal, stampedHeads } from '@vits/core/seal'
import { restoreTables, saveTables } from '@vits/core/tables'
import { places, ramRanges, type Shape, vcpusOf } from './guest-shape.ts'
import type { Subject } from './subject.ts'

const TRANSLATER = VIRT_ITS + GITS_TRANSLATER
const L2_PAGES = 8
const PROPBASER = GICR_PROPBASER.pack({ address: places.configuration, idBits: 15 })
const pendbaser = (vcpu: number): bigint => GICR_PENDBASER.pack({ address: places.pending(vcpu) })

/** The library. */
export class VitsSubject implements Subject {
  readonly memory: GuestMemory
  readonly its: Its
  readonly words: Int32Array
  readonly #gic: Gic
  readonly #translaters = new Translaters()

  /** `isTouched`: every page of RAM was written before; one that never was need not be read. */
  constructor(shape: Shape, isTouched = true) {
    const ranges = ramRanges(shape)
    this.memory = new GuestMemory(ranges)
    for (const { base, bytes } of isTouched ? ranges : []) {
      this.memory.fill(base, bytes, 1)
      this.memory.fill(base, bytes, 0)
    }
    this.memory.fill(places.configuration as Gpa, 0x1_0000, 0xa1)
    for (let page = 0; page < L2_PAGES; page++) {
      const { lo, hi } = L1E.encode({ valid: true, l2Addr: places.l2 + page * L2_BYTES })
      this.memory.setWord((places.l1 + page * 8) as Gpa, lo, hi)
    }
    const cursor = this.memory.writeCursor()
    cursor.seekForWrite(places.ram as Gpa)
    this.words = cursor.words
    const vcpuIds = Array.from({ length: vcpusOf(shape) }, (_, n) => n)
    this.#gic = new Gic({ memory: this.memory, quirks: profiles['linux-7.3'].quirks, vcpuIds })
    this.#gic.lpis.delivering = true
    this.its = new Its(this.#gic)
    for (const vcpu of vcpuIds) {
      const port = { gic: this.#gic, vcpu }
      redistributorFrame.write(port, GICR.PROPBASER, 8, PROPBASER)
      redistributorFrame.write(port, GICR.PENDBASER, 8, pendbaser(vcpu))
      redistributorFrame.write(port, GICR.CTLR, 4, 1n)
    }
    this.#translaters.add(VIRT_ITS, this.its)
  }

  get creadr(): number {
    return this.its.creadr
  }

  get events(): number {
    return this.its.events.count
  }

  reset(): void {
    this.its.reset()
    for (const vcpu of this.#gic.redistributors.keys()) this.#gic.lpis.flush(vcpu, this.#gic.quirks)
    const pages = places.queueBytes / 4096 - 1
    itsFrame.write(this.its, GITS.CBASER, 8, GITS_CBASER.pack({ valid: true, address: places.queue, pages }))
    itsFrame.write(this.its, GITS.BASER0, 8, GITS_BASER.pack({ valid: true, indirect: true, addressLow: places.l1 }))
    itsFrame.write(this.its, GITS.BASER1, 8, GITS_BASER.pack({ valid: true, addressLow: places.collections }))
  }

  enable(): void {
    itsFrame.write(this.its, GITS.CTLR, 4, 1n)
  }

  writeCwriter(offset: number): void {
    itsFrame.write(this.its, GITS.CWRITER, 8, BigInt(offset))
  }

  signal(deviceId: number, eventId: number): number {
    return this.#translaters.signal(TRANSLATER, deviceId, eventId, 1)
  }

  save(hasHeads: boolean): boolean {
    return saveTables(this.its, { heads: hasHeads ? stampedHeads : 'none' }).ok
  }

  restore(hasHeads: boolean): boolean {
    return restoreTables(this.its, { heads: hasHeads ? stampedHeads : 'none' }).ok
  }

  seal(): boolean {
    return seal(this.its).ok
  }

  /** What a VMM would save beside guest RAM. */
  registers(): GicRegisters {
    const { cbaser, cwriter, creadr } = this.its
    const baser = Array.from({ length: 8 }, (_, n) => (n === DEVICE_BASER || n === COLLECTION_BASER ? this.its.baser(n) : 0n))
    const base = VIRT_ITS as Gpa
    return {
      itses: [{ base, ctlr: 1, iidr: 0x43b, cbaser, cwriter: BigInt(cwriter), creadr: BigInt(creadr), baser }],
      redistributors: this.#gic.redistributors.map(({ vcpuId }, n) => ({
        vcpuId,
        ctlr: 1,
        propbaser: PROPBASER,
        pendbaser: pendbaser(n),
      })),
    }
  }
}
