import { readdirSync, readFileSync } from 'node:fs'
import { failure } from './minimise.ts'
import { askSavedVm } from './oracles/saved-vm.ts'
import type { Target } from './target.ts'
import { undo } from './targets/undo.ts'

const folder = new URL('../fixtures/hostile/', import.meta.url)
/** Which questions are asked follows from a number. */
const QUESTIONS = 1

/** Asks about every file of fixtures/hostile what is asked about mutants; answers those that are not as promised. */
export async function hostileFiles(): Promise<readonly { readonly name: string; readonly error: unknown }[]> {
  const found: { name: string; error: unknown }[] = []
  for (const name of readdirSync(folder).filter((file) => file !== 'README.md')) {
    const file = new Uint8Array(readFileSync(new URL(name, folder)))
    const ask = name.endsWith('.undo') ? undo.ask : askSavedVm
    const error = await failure({ target: { ask } as Target, seed: QUESTIONS, file })
    if (error !== undefined) found.push({ name, error })
  }
  return found
}
