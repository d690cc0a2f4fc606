import { quirks as allQuirks, type ProfileId, profileWithId, type QuirkName, type Quirks } from '../abi/index.ts'
import { DEVICE_BASER, type Its } from '../its/index.ts'
import type { SealLimit } from '../seal/index.ts'
import { restoreTables } from '../tables/index.ts'
import { kindOfDifference, mappedText } from './difference.ts'
import type { Model } from './model.ts'
import { saveModeRow } from './save-modes.ts'

/** What a kernel makes of a saved image where that is not what was saved. */
export interface Wrong {
  readonly kernel: ProfileId
  readonly kind: string
  /** What it restored, in words; nothing where it failed. */
  readonly restored: string
}

/** A kernel that restores, and which quirks it was asked for since that was last forgotten. */
interface Restorer {
  readonly kernel: ProfileId
  readonly quirks: Quirks
  readonly asked: Set<QuirkName>
  readonly its: Its
}

/** Asks every kernel of a scope what it makes of a saved image. */
export class Judge {
  restores = 0
  readonly #model: Model
  readonly #restorers: readonly Restorer[]
  readonly #restored: Uint8Array

  constructor(model: Model) {
    this.#model = model
    this.#restored = new Uint8Array(model.shape.bytes)
    this.#restorers = model.scope.restoredOn.map((kernel) => {
      const { quirks } = profileWithId(kernel)
      const asked = new Set<QuirkName>()
      return { kernel, quirks, asked, its: model.blankIts(noted(quirks, asked)) }
    })
  }

  /**
   * What the kernels make wrong of the image that lies in the model's RAM; `saved` is its record, with what was mapped. Kernels that a limit
   * of the save names are not asked. A kernel that has the same of the quirks that another was asked for has that one's answer.
   */
  wrong(saved: Uint8Array, limits: readonly SealLimit[] = []): Wrong[] {
    const listed = new Set(limits.flatMap(({ profiles }) => profiles))
    const known: { readonly by: Restorer; readonly wrong: Wrong | undefined }[] = []
    const found: Wrong[] = []
    for (const restorer of this.#restorers) {
      if (listed.has(restorer.kernel)) continue
      const alike = known.find(({ by }) => isAlike(by, restorer.quirks))
      const wrong = alike === undefined ? this.#restore(restorer, saved) : alike.wrong
      if (alike === undefined) known.push({ by: restorer, wrong })
      if (wrong !== undefined) found.push({ ...wrong, kernel: restorer.kernel })
    }
    return found
  }

  #restore({ kernel, asked, its }: Restorer, saved: Uint8Array): Wrong | undefined {
    const model = this.#model
    const { shape, scope } = model
    asked.clear()
    its.freeDevices()
    its.freeCollections()
    if (shape.table >= 0) its.setBaser(DEVICE_BASER, model.its.baser(DEVICE_BASER))
    const heads = saveModeRow(scope.save).restoredWith
    this.restores++
    const result = restoreTables(its, heads === undefined ? {} : { heads })
    if (shape.pending >= 0) model.bytes.bringPending(saved)
    if (!result.ok) return { kernel, kind: `restore fails: ${result.errno}, ${result.reason}`, restored: '' }
    const isNamed = model.storeMapped(its, this.#restored)
    const kind = kindOfDifference(model, saved, this.#restored, isNamed)
    return kind === undefined ? undefined : { kernel, kind, restored: mappedText(model, this.#restored) }
  }
}

function isAlike({ asked, quirks }: Restorer, other: Quirks): boolean {
  for (const name of asked) if (quirks[name] !== other[name]) return false
  return true
}

/** The same quirks; each that is asked for is entered in `asked`. */
function noted(quirks: Quirks, asked: Set<QuirkName>): Quirks {
  const watched = {}
  for (const name of Object.keys(allQuirks) as QuirkName[]) {
    Object.defineProperty(watched, name, {
      enumerable: true,
      get: () => {
        asked.add(name)
        return quirks[name]
      },
    })
  }
  return watched as Quirks
}
