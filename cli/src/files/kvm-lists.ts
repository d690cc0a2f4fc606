import type { KvmLists } from '@vits/core/abi'
import { readKvmLists } from '@vits/core/formats'
import type { Io } from '../io.ts'

/** What the files tell; undefined where none is named. */
export async function kvmListsIn(files: readonly string[], io: Io): Promise<KvmLists | undefined> {
  if (files.length === 0) return undefined
  const opened = await Promise.all(files.map(async (name) => ({ name, source: await io.open(name) })))
  try {
    return await readKvmLists(opened)
  } finally {
    for (const { source } of opened) await source.close()
  }
}
