import { type BytesModel, byteMutators, bytesCorpus } from '../models/bytes.ts'
import { moveSection } from '../models/sections.ts'
import { libvirtSave, mappedFiles, qcow2Image, realStreams, writtenStreams } from '../models/streams.ts'
import { askFile } from '../oracles/saved-vm.ts'
import type { Target } from '../target.ts'

const each = (files: ReadonlyMap<string, Uint8Array>, wrap: (stream: Uint8Array) => Uint8Array) =>
  new Map([...files].map(([name, file]) => [name, wrap(file)]))

const bytesTarget = (
  facts: Pick<Target, 'name' | 'what' | 'share'>,
  files: () => ReadonlyMap<string, Uint8Array> | Promise<ReadonlyMap<string, Uint8Array>>,
): Target<BytesModel> => ({
  ...facts,
  corpus: async () => bytesCorpus(await files()),
  mutators: [...byteMutators, moveSection, moveSection],
  file: ({ bytes }) => bytes,
  ask: askFile,
})

export const streams = bytesTarget(
  {
    name: 'QEMU streams',
    what: 'bytes, numbers, sections and page records of every kind; real streams with their devices, without the guest’s data',
    share: 100,
  },
  async () => new Map([...writtenStreams(), ...(await realStreams())]),
)

export const mappedRam = bytesTarget(
  { name: 'mapped-ram', what: 'headers, bitmaps and offsets of mapped-ram files', share: 25 },
  mappedFiles,
)

export const qcow2 = bytesTarget(
  { name: 'qcow2', what: 'header, snapshot table, L1 and L2 tables of an image with a VM state', share: 80 },
  () => each(writtenStreams(), qcow2Image),
)

export const libvirt = bytesTarget(
  { name: 'libvirt', what: 'the header of a libvirt save, its XML and its stream', share: 60 },
  () => each(writtenStreams(), (stream) => libvirtSave(stream)),
)
