import { ask, type Mutant, mutant } from './mutant.ts'

/** How a mutant fails: what of the message is the same for others of its kind. */
export function failureOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'Broken' ? error.message : `${error.name}: ${error.message}`
}

/** Where the program was when it failed: one line. */
export function placeOf(error: unknown): string {
  const line =
    error instanceof Error ? (error.stack ?? '').split('\n').find((each) => /\/(core|cli)\/src\//.test(each)) : undefined
  return /((?:core|cli)\/src\/[^):]+:\d+)/.exec(line ?? '')?.[1] ?? ''
}

/** What becomes of a mutant; undefined when it is as promised. */
export async function failure(made: Pick<Mutant, 'target' | 'seed' | 'file'>): Promise<unknown> {
  try {
    await ask(made)
    return undefined
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  }
}

const kindOf = (error: unknown) => failureOf(error).replace(/0x[0-9a-f]+|\d+/g, 'n')

/** The mutant with as few of its steps as still make it fail in the same way. */
export async function minimised(found: Mutant, error: unknown): Promise<Mutant> {
  const kept = new Set(Array.from({ length: found.steps }, (_, step) => step))
  let smallest = found
  for (const step of [...kept]) {
    const fewer = new Set(kept)
    fewer.delete(step)
    const smaller = await mutant(found.seed, fewer)
    const still = await failure(smaller)
    if (still === undefined || kindOf(still) !== kindOf(error)) continue
    kept.delete(step)
    smallest = smaller
  }
  return smallest
}
