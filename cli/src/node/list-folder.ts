import { readdir } from 'node:fs/promises'

/** The names in a folder, sorted; undefined for what is no folder, or not there. */
export async function listFolder(path: string): Promise<string[] | undefined> {
  try {
    return (await readdir(path)).sort()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOTDIR' || code === 'ENOENT') return undefined
    throw error
  }
}
