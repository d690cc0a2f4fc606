import { type Scene, scenesOver } from '../audit/index.ts'
import { Overlay } from './overlay.ts'

/** A saved VM as a repair has changed it so far: one overlay for the tables of all its ITSes. */
export class ChangedVm {
  readonly overlay: Overlay
  readonly #before: readonly Scene[]
  #scenes: readonly Scene[]
  #changes = 0

  constructor(scenes: readonly [Scene, ...Scene[]]) {
    this.#before = scenes
    this.#scenes = scenes
    this.overlay = new Overlay(scenes[0].memory)
  }

  /** The scenes of its ITSes as they are now; those it began with as long as nothing is changed. */
  get scenes(): readonly Scene[] {
    const { changes, writes } = this.overlay
    if (changes !== this.#changes) {
      this.#changes = changes
      this.#scenes = scenesOver(
        this.#before,
        this.overlay.freeze(),
        writes.map(({ at }) => at),
      )
    }
    return this.#scenes
  }
}
