import { existsSync, readdirSync } from 'node:fs'
import { CACHE } from '../folders.ts'
import { byVersion } from './version.ts'

/** Where all of them lie, each in a folder named by its version. */
export const FETCHED = `${CACHE}kernels/`

/** The file beside an image that names its package and its hash. */
export const NOTE = 'package'

/** Where the kernel of a version lies once it is fetched. */
export const folderOf = (version: string) => `${FETCHED}${version}/`

export const imageOfVersion = (version: string) => `${folderOf(version)}vmlinuz`

export const isFetched = (version: string) => existsSync(imageOfVersion(version))

/** The versions that were fetched, oldest first. */
export function fetchedVersions(): string[] {
  if (!existsSync(FETCHED)) return []
  return readdirSync(FETCHED).filter(isFetched).sort(byVersion)
}
