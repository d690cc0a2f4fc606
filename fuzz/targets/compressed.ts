import { readFileSync } from 'node:fs'
import { gunzipSync, gzipSync } from 'node:zlib'
import { decompress } from 'fzstd'
import { type BytesModel, byteMutators, bytesCorpus } from '../models/bytes.ts'
import { libvirtSave, writtenStreams } from '../models/streams.ts'
import { type FrameLies, skippableFrame, zstdFrame } from '../models/zstd-writer.ts'
import { edgeNumber } from '../numbers.ts'
import { askFile } from '../oracles/saved-vm.ts'
import type { Random } from '../random.ts'
import type { Mutator, Target } from '../target.ts'

type Container = 'gzip' | 'zstd' | 'gzip in libvirt' | 'zstd in libvirt'
const containers: readonly Container[] = ['gzip', 'zstd', 'gzip in libvirt', 'zstd in libvirt']

/** What a container holds, and what is done to it once it is packed with checksums that are right. */
interface PackedModel extends BytesModel {
  container: Container
  lies: FrameLies
  /** Bytes in each zstd frame. */
  frame: number
  readonly afterwards: ((packed: BytesModel) => void)[]
}

const inside: Mutator<PackedModel> = (model, random) => random.pick(byteMutators)(model, random)

const outside: Mutator<PackedModel> = (model, random) => {
  const mutator = random.pick(byteMutators)
  model.afterwards.push((packed) => mutator(packed, random))
}

const lie: Mutator<PackedModel> = (model, random) => {
  const lies: readonly FrameLies[] = [
    { checksum: random.next() },
    { contentBytes: random.once(3) ? edgeNumber(random, 52) : model.bytes.length + random.below(3) - 1 },
    { window: random.below(256) },
    { block: edgeNumber(random, 24) },
    { last: false },
    { blockBytes: 1 + random.below(2 ** random.below(17)) },
  ]
  model.lies = { ...model.lies, ...random.pick(lies) }
}

const frames: Mutator<PackedModel> = (model, random) => {
  model.frame = 1 + random.below(2 ** (8 + random.below(10)))
}

const trailing: Mutator<PackedModel> = (model, random) => {
  const kind = random.below(4)
  const bytes = random.below(40)
  const claimed = edgeNumber(random, 32)
  model.afterwards.push((packed) => {
    const more = [new Uint8Array(bytes), skippableFrame(bytes), skippableFrame(bytes, claimed), packed.bytes][kind]!
    const [first, second] = random.once(2) ? [packed.bytes, more] : [more, packed.bytes]
    packed.bytes = new Uint8Array(Buffer.concat([first, second]))
  })
}

/** Runs of zeros that cost nothing to pack. */
const bomb: Mutator<PackedModel> = (model, random) => {
  const more = new Uint8Array(2 ** (12 + random.below(10)))
  model.bytes = new Uint8Array(Buffer.concat([model.bytes, more]))
}

const other: Mutator<PackedModel> = (model, random: Random) => {
  model.container = random.pick(containers)
}

function pack({ bytes, container, lies, frame }: PackedModel): Uint8Array {
  // Level 1 has the same bytes on every machine with the same zlib; a mutant is repeated on one of those.
  const gzip = (contents: Uint8Array) => new Uint8Array(gzipSync(contents, { level: 1 }))
  if (container === 'gzip') return gzip(bytes)
  if (container === 'gzip in libvirt') return libvirtSave(gzip(bytes), 'gzip')
  const zstd = zstdFrames(bytes, frame, lies)
  if (container === 'zstd in libvirt') return libvirtSave(zstd, 'zstd')
  return zstd
}

function zstdFrames(bytes: Uint8Array, frame: number, lies: FrameLies): Uint8Array {
  const all: Uint8Array[] = []
  const step = Math.max(frame, bytes.length >>> 6)
  for (let at = 0; at === 0 || at < bytes.length; at += step) all.push(zstdFrame(bytes.subarray(at, at + step), lies))
  return new Uint8Array(Buffer.concat(all))
}

function packedFile(model: PackedModel): Uint8Array {
  const packed: BytesModel = { bytes: pack(model), telling: new Uint32Array(0), others: model.others }
  for (const change of model.afterwards) change(packed)
  return packed.bytes
}

const fixture = (name: string): Uint8Array => readFileSync(new URL(`../../fixtures/saved/${name}`, import.meta.url))

async function corpus(): Promise<ReadonlyMap<string, () => PackedModel>> {
  const files = new Map(writtenStreams())
  files.set('saved/two-itses', new Uint8Array(gunzipSync(fixture('two-itses.vits'))))
  files.set('saved/tcg-trace', decompress(fixture('tcg.trace.log.zst')).slice(0, 4096))
  const started: readonly (readonly [string, () => BytesModel])[] = [...bytesCorpus(files)]
  return new Map(
    started.flatMap(([name, made]) =>
      containers.map((container) => [
        `${name}, ${container}`,
        () => ({ ...made(), container, lies: {}, frame: 1 << 20, afterwards: [] }),
      ]),
    ),
  )
}

export const compressed: Target<PackedModel> = {
  name: 'compressed',
  what: 'gzip and zstd, alone and in libvirt saves: what they hold, packed anew with checksums that are right; frames, blocks, sizes and checksums that lie; trailing data',
  share: 60,
  corpus,
  mutators: [inside, inside, inside, outside, outside, lie, lie, frames, trailing, bomb, other],
  file: packedFile,
  ask: askFile,
}
