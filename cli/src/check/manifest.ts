import { DiskError } from '../disk.ts'
import { reason, UsageError } from '../failure.ts'
import { readWhole } from '../files/read-whole.ts'
import type { Io } from '../io.ts'

/** The paths of a list: one a line, or each ended by a NUL. @throws UsageError for bytes that are no text. */
export async function manifestOf(path: string, isNul: boolean, io: Io): Promise<string[]> {
  const bytes = await readWhole(path, io).catch((error) => {
    throw new DiskError(`${path}: ${reason(error)}`, { cause: error })
  })
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new UsageError(`${path} is no list of paths: it is not UTF-8`)
  }
  const paths = isNul ? text.split('\0') : text.split(/\r?\n/)
  return paths.filter((line) => line !== '')
}
