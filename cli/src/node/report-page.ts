import { readFile } from 'node:fs/promises'
import { getAsset, isSea } from 'node:sea'

/** The page of `vits explore`: a file beside the bundle, and an asset of a single executable. */
const PAGE = 'report.html'

export async function reportPage(): Promise<string> {
  return isSea() ? getAsset(PAGE, 'utf8') : readFile(new URL(PAGE, import.meta.url), 'utf8')
}
