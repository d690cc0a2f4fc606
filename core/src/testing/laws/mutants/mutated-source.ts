import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Mutant } from './mutants.ts'

/** core/src. */
export const core = fileURLToPath(new URL('../../../', import.meta.url))

/** The source of a mutant. @throws Error when the code that it changes does not stand there once. */
export async function mutatedSource({ name, file, from, to }: Mutant): Promise<string> {
  const source = await readFile(join(core, file), 'utf8')
  if (source.split(from).length !== 2) throw new Error(`${name}: ${file} does not hold once: ${from}`)
  return source.replace(from, () => to)
}
