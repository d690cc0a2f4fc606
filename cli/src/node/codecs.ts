import { gunzipSync, inflateSync } from 'node:zlib'
import type { Codecs } from '@vits/core'
import { decompress } from 'fzstd'

/** More than this does not fit into memory as one piece. */
const LARGEST = 2 ** 32

/** The decompressors that the formats of core ask for. Node 20 has no zstd of its own. */
export const codecs: Codecs = {
  zstd: (bytes) => decompress(bytes),
  gzip: (bytes) => gunzipSync(bytes, { maxOutputLength: LARGEST }),
  zlib: (bytes) => inflateSync(bytes, { maxOutputLength: LARGEST }),
}
