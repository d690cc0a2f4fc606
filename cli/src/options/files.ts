import type { FilePart } from '@vits/core/formats'
import { UsageError } from '../failure.ts'
import { shellWord } from '../printable.ts'
import { paths, text } from './option.ts'

/** The other files of a VM that was saved in several. */
export const moreFiles = {
  mem: text(
    '--mem <file>',
    'the file that holds guest RAM, where the VM was saved in two files and they are not alone in a folder',
  ),
  registers: text(
    '--registers <file>',
    'the registers of the ITS and of the vCPUs as JSON, where the file is raw RAM (vits show)',
  ),
  base: paths('--base <file>', 'what a file of changes is to be applied to; once for each layer, the nearest first'),
}

/** What the options name, and what it is for. */
export interface OtherFile {
  readonly path: string
  /** Nothing where that is left to its contents. */
  readonly part?: FilePart
}

/** What the options were given. */
export interface MoreFiles {
  readonly mem: string | undefined
  readonly registers: string | undefined
  readonly base: readonly string[]
}

/** The files that the options name beside those of the command line. @throws UsageError where those are of several VMs. */
export function otherFiles({ mem, registers, base }: MoreFiles, { length }: readonly string[]): OtherFile[] {
  const isAny = mem !== undefined || registers !== undefined || base.length > 0
  if (length > 1 && isAny) throw new UsageError('--mem, --registers and --base are files of one VM: name one')
  const memory = mem === undefined ? [] : [{ path: mem, part: 'memory' as const }]
  const told = registers === undefined ? [] : [{ path: registers }]
  return [...memory, ...told, ...base.map((path) => ({ path, part: 'base' as const }))]
}

/** The options once more, as words of a shell's command line: for a command that is to look at the same VM. */
export function otherWords({ mem, registers, base }: MoreFiles): string[] {
  const given = { mem, registers }
  const single = Object.entries(given).flatMap(([name, path]) => (path === undefined ? [] : [`--${name} ${shellWord(path)}`]))
  return [...single, ...base.map((path) => `--base ${shellWord(path)}`)]
}
