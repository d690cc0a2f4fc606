import type { ExitBits } from '../exit-code.ts'
import type { Io } from '../io.ts'

/** Does what a command says; the options are of its own usage. */
type Run = (args: readonly string[], options: never, io: Io) => Promise<ExitBits>

/** What each command does, by its name: loaded when it runs, so that nothing waits for what it does not need. */
export const commands: Readonly<Record<string, () => Promise<{ readonly run: Run }>>> = {
  check: () => import('./check.ts'),
  repair: () => import('./repair.ts'),
  undo: () => import('./undo.ts'),
  show: () => import('./show.ts'),
  diff: () => import('./diff.ts'),
  explore: () => import('./explore.ts'),
  extract: () => import('./extract.ts'),
  pages: () => import('./pages.ts'),
  live: () => import('./live.ts'),
  lint: () => import('./lint.ts'),
  explain: () => import('./explain.ts'),
  completion: () => import('./completion.ts'),
  formats: () => import('./formats.ts'),
  kernels: () => import('./kernels.ts'),
  conform: () => import('./conform.ts'),
  prove: () => import('./prove.ts'),
  selftest: () => import('./selftest.ts'),
  'selftest heads': () => import('./selftest-heads.ts'),
  'selftest vlpi': () => import('./selftest-vlpi.ts'),
  'demo orphan': () => import('./demo.ts'),
}
