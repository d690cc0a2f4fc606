import type { FilePart } from '@vits/core/formats'
import { UsageError } from './failure.ts'
import { paths, text } from './option.ts'

/** The other files of a VM that was saved in several. */
export const moreFiles = {
  mem: text(
    '--mem <file>',
    'the file that holds guest RAM, where the VM was saved in two files and they are not alone in a folder',
  ),
  base: paths('--base <file>', 'what a file of changes is to be applied to; once for each layer, the nearest first'),
}

/** What the options name, and what it is for. */
export interface OtherFile {
  readonly path: string
  readonly part: FilePart
}

interface MoreFiles {
  readonly mem: string | undefined
  readonly base: readonly string[]
}

/** The files that the options name beside those of the command line. @throws UsageError where those are of several VMs. */
export function otherFiles({ mem, base }: MoreFiles, { length }: readonly string[]): OtherFile[] {
  if (length > 1 && (mem !== undefined || base.length > 0)) throw new UsageError('--mem and --base are files of one VM: name one')
  const memory = mem === undefined ? [] : [{ path: mem, part: 'memory' as const }]
  return [...memory, ...base.map((path) => ({ path, part: 'base' as const }))]
}
