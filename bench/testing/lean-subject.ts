import { GITS_TRANSLATER, VIRT_ITS } from '@vits/core/abi'
import { places, ramRanges, type Shape, vcpusOf } from './guest-shape.ts'
import { LeanIts } from './lean-its.ts'
import { LeanRam } from './lean-ram.ts'
import { restoreLean, saveLean } from './lean-tables.ts'
import type { Subject } from './subject.ts'

const TRANSLATER = VIRT_ITS + GITS_TRANSLATER
const L2_PAGES = 8

/** The yardstick. */
export class LeanSubject implements Subject {
  readonly words: Int32Array
  readonly #its: LeanIts

  constructor(shape: Shape) {
    const [ram, ...others] = ramRanges(shape)
    if (others.length > 0) throw new Error('the lean ITS knows one region of RAM')
    this.#its = new LeanIts(new LeanRam(ram!.base, ram!.bytes), {
      doorbell: VIRT_ITS,
      queue: places.queue,
      queueBytes: places.queueBytes,
      deviceTable: places.l1,
      collectionTable: places.collections,
      configuration: places.configuration,
      pending: Array.from({ length: vcpusOf(shape) }, (_, vcpu) => places.pending(vcpu)),
    })
    this.words = this.#its.ram.words
    this.words.fill(0xa1a1_a1a1, (places.configuration - places.ram) / 4, (places.configuration - places.ram + 0x1_0000) / 4)
    for (let page = 0; page < L2_PAGES; page++) this.#its.ram.write(page, places.l2 + page * 0x1_0000, 0x8000_0000)
  }

  get creadr(): number {
    return this.#its.creadr
  }

  get events(): number {
    return this.#its.events.count
  }

  reset(): void {
    this.#its.reset()
  }

  enable(): void {
    this.#its.enabled = true
  }

  writeCwriter(offset: number): void {
    this.#its.writeCwriter(offset)
  }

  signal(deviceId: number, eventId: number): number {
    return this.#its.signal(TRANSLATER, deviceId, eventId)
  }

  save(hasHeads: boolean): boolean {
    return saveLean(this.#its, hasHeads)
  }

  restore(hasHeads: boolean): boolean {
    return restoreLean(this.#its, hasHeads)
  }
}
