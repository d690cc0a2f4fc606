import { runInNewContext } from 'node:vm'
import { decompress } from 'fzstd'

/** Milliseconds: a thousand times what it takes for the largest mutant. */
const LONGEST = 3000

/** What fzstd makes of a zstd file; of some damaged ones it never comes to an end. @throws Error when it takes none of it, or too long. */
export const fzstd = (file: Uint8Array): Uint8Array =>
  runInNewContext('decode()', { decode: () => decompress(file) }, { timeout: LONGEST }) as Uint8Array
