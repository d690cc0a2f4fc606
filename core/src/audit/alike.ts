import type { QuirkName, Quirks } from '../abi/index.ts'

/**
 * What kernels make of something, worked out once for those that cannot differ: which quirks were asked for on the way is written down,
 * and a kernel that has the same of these would have gone the same way.
 */
export class Alike<T> {
  readonly #known: { readonly asked: ReadonlyMap<QuirkName, boolean>; readonly answer: T }[] = []

  /** The answer for a kernel. `work` knows the kernel by the quirks that it is given and by nothing else, and has asked when it returns. */
  of(quirks: Quirks, work: (quirks: Quirks) => T): T {
    const known = this.#known.find(({ asked }) => [...asked].every(([name, has]) => quirks[name] === has))
    if (known !== undefined) return known.answer
    const asked = new Map<QuirkName, boolean>()
    const answer = work(noted(quirks, asked))
    this.#known.push({ asked, answer })
    return answer
  }
}

/** The same quirks; each that is asked for is entered in `asked`. */
function noted(quirks: Quirks, asked: Map<QuirkName, boolean>): Quirks {
  return new Proxy(quirks, {
    get: (of, name: QuirkName) => {
      asked.set(name, of[name])
      return of[name]
    },
  })
}
