import { type Scene, scenesOver } from '../audit/index.ts'
import { Overlay } from './overlay.ts'
import { RegisterOverlay } from './register-overlay.ts'

/** A saved VM as a repair has changed it so far: one overlay for the tables of all its ITSes, and one for its registers. */
export class ChangedVm {
  readonly overlay: Overlay
  readonly registers: RegisterOverlay
  readonly #before: readonly Scene[]
  #scenes: readonly Scene[]
  #changes = 0

  constructor(scenes: readonly [Scene, ...Scene[]]) {
    this.#before = scenes
    this.#scenes = scenes
    this.overlay = new Overlay(scenes[0].memory)
    this.registers = new RegisterOverlay(scenes[0].registers)
  }

  /** The scenes of its ITSes as they are now; those it began with as long as nothing is changed. */
  get scenes(): readonly Scene[] {
    const { writes } = this.overlay
    const changes = this.overlay.changes + this.registers.changes
    if (changes !== this.#changes) {
      this.#changes = changes
      this.#scenes = scenesOver(
        this.#before,
        this.overlay.freeze(),
        writes.map(({ at }) => at),
        this.registers.result(),
      )
    }
    return this.#scenes
  }
}
