import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build, type Plugin } from 'esbuild'
import type * as Killers from './killers.ts'
import type { Mutant } from './mutants.ts'
import { core, mutatedSource } from './mutated-source.ts'

const entry = fileURLToPath(new URL('killers.ts', import.meta.url))

/** What its killer notices of a mutant; of the code as it is without one. @throws Error when the code that it changes is not there once. */
export async function noticed(killer: Mutant['killer'], mutant?: Mutant): Promise<readonly string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'vits-mutant-'))
  try {
    const outfile = join(folder, 'killers.mjs')
    const plugins = mutant === undefined ? [] : [changing(mutant)]
    await build({ entryPoints: [entry], bundle: true, platform: 'node', format: 'esm', logLevel: 'silent', outfile, plugins })
    const { killers } = (await import(pathToFileURL(outfile).href)) as typeof Killers
    return killers[killer]()
  } finally {
    await rm(folder, { recursive: true })
  }
}

const changing = (mutant: Mutant): Plugin => ({
  name: 'mutant',
  setup: ({ onLoad }) => {
    const path = join(core, mutant.file)
    onLoad({ filter: /\.ts$/ }, async (loaded) =>
      loaded.path === path ? { contents: await mutatedSource(mutant), loader: 'ts' } : undefined,
    )
  },
})
