import { bytesSource, inspect, open } from '@vits/core'
import { ExitCode } from '../../cli/src/exit-code.ts'
import { vits } from '../../cli/src/testing/fake-io.ts'
import type { Random } from '../random.ts'
import { Broken } from '../target.ts'
import { fitsSchema, isPrintable } from './documents.ts'
import { MemoryDisk } from './memory-disk.ts'

const VM = 'vm'
const OUT = 'out'

/** Command lines about one file that write nothing, or one new file. */
const lines: readonly (readonly string[])[] = [
  ['check', VM],
  ['check', '--why-hang', '-v', VM],
  ['check', '--kernel', 'all', VM],
  ['check', '--json', '--kernel', 'all', VM],
  ['show', VM],
  ...['guest', 'tables', 'restored', 'pending'].flatMap((view) => [
    ['show', '--view', view, VM],
    ['show', '--json', '--view', view, VM],
  ]),
  ['diff', VM, VM],
  ['diff', '--json', VM, VM],
  ['pages', '--json', VM],
  ['repair', '-n', VM],
  ['repair', '-n', '-y', VM],
  ['repair', '-n', '-y', '--rebuild', '--json', VM],
  ['repair', '-p', VM, '-o', OUT],
  ['extract', VM, '-o', OUT],
  ['extract', '--scrub', VM, '-o', OUT],
]

const known = Object.values(ExitCode).reduce<number>((sum, bit) => sum | bit, 0)

/** Runs one command line on the file as the program does, with a disk in memory. */
export async function askProgram(file: Uint8Array, random: Random): Promise<void> {
  const args = [...random.pick(lines)]
  if (['check', 'show'].includes(args[0]!) && random.once(16)) args.push('--guest-kernel')
  const memory = new MemoryDisk({ [VM]: file })
  const { code, out, err } = await vits(args, memory.files, { disk: memory.disk })
  const told = `vits ${args.join(' ')}: exit ${code}, ${err.slice(0, 400)}`
  if (/internal error|RangeError|TypeError|\n {4}at /.test(`${err}${out}`)) throw new Broken('the program knows its errors', told)
  if ((code & ~known) !== 0 || (code & ExitCode.Usage) !== 0) throw new Broken('the program ends with a code of its own', told)
  isPrintable(out)
  isPrintable(err)
  if (args.includes('--json') && (code & ExitCode.Failed) === 0) fitsSchema(args[0]!, JSON.parse(out))
  const written = memory.files[OUT]
  if (written !== undefined) await opensAgain(written, told)
}

/** What was written is a saved VM. */
async function opensAgain(file: Uint8Array, told: string): Promise<void> {
  try {
    await inspect(await open(bytesSource(file)))
  } catch (error) {
    throw new Broken('what is written opens', `${told}: ${String(error)}`)
  }
}
