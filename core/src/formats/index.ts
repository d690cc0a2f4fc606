export { type BlobLike, type ByteRange, type ByteSource, blobSource, bytesSource } from './byte-source.ts'
export { openCase, writeCase } from './case-file.ts'
export { readKvmLists } from './debugfs/kvm-lists.ts'
export { applyEdits, changedPages, type Edit, editedLength, keepsLength } from './edits.ts'
export { FormatError } from './format-error.ts'
export { type KnownFormat, knownFormats } from './known-formats.ts'
export type { FileEdits, FilePart, MachineFile, SavedFile, WriteBack } from './machine-file.ts'
export { machinesAmong, openSavedMachine } from './open.ts'
export type { Compression, Container, MachineKind, Origin } from './origin.ts'
export { zstdFrame } from './packed/zstd-encoder.ts'
export { openRunningVm, type RunningVm } from './qemu/open-running.ts'
export type { FindRegisters, OpenOptions, RamAlone, SavedMachine } from './saved-machine.ts'
export {
  type Digesting,
  type NewUndoFile,
  reversed,
  type Sha256,
  type UndoDigests,
  type UndoEdit,
  type UndoFile,
  type UndoRecord,
  undoFile,
} from './undo-record.ts'
export { readUndo, undoText } from './undo-text.ts'
export { unpackedSource } from './unpacked.ts'
