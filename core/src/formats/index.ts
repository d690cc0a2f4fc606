export { type BlobLike, type ByteSource, blobSource, bytesSource, partOf } from './byte-source.ts'
export { FormatError } from './format-error.ts'
export { openSavedMachine } from './open.ts'
export type { Codecs, OpenOptions, SavedMachine } from './saved-machine.ts'
