import { existsSync, readdirSync } from 'node:fs'
import { CACHE } from '../folders.ts'
import { byVersion } from './version.ts'

/** The file beside an image that names its package and its hash. */
export const NOTE = 'package'

/** Where the kernel of a version lies once it is fetched; with '', where all of them do. */
export const folderOf = (version: string) => `${CACHE}kernels/${version === '' ? '' : `${version}/`}`

export const imageOfVersion = (version: string) => `${folderOf(version)}vmlinuz`

export const isFetched = (version: string) => existsSync(imageOfVersion(version))

/** The versions that were fetched, oldest first. */
export function fetchedVersions(): string[] {
  if (!existsSync(folderOf(''))) return []
  return readdirSync(folderOf('')).filter(isFetched).sort(byVersion)
}
