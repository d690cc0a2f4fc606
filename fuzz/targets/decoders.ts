import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync, inflateRawSync } from 'node:zlib'
import { bytesSource } from '@vits/core'
import { crc32 } from '../../core/src/formats/packed/crc32.ts'
import { compressionOf, decodedSource } from '../../core/src/formats/packed/decoded-source.ts'
import { type BytesModel, byteMutators, bytesCorpus } from '../models/bytes.ts'
import { zstdChecksum } from '../models/zstd-writer.ts'
import { fzstd } from '../oracles/fzstd.ts'
import { refusedWithPlace } from '../oracles/refusal.ts'
import type { Random } from '../random.ts'
import { type Ask, Broken, type Target } from '../target.ts'

/** Compressed data as its own encoder wrote it. */
interface EncodedModel extends BytesModel {
  /** Where the mutant decodes at all, its checksum is made right: it is not refused for that. */
  isSigned: boolean
}

const MOST = 16 << 20
const GZIP_HEADER = 10
const GZIP_TRAILER = 8

const isGzip = (file: Uint8Array) => file[0] === 0x1f
const isZstd = (file: Uint8Array) => file[0] === 0x28
/** No other decoder of bzip2, xz and lzop is at hand: what they make is held against their checksums alone. */
const hasReference = (file: Uint8Array) => isGzip(file) || isZstd(file)

/** What another decoder makes of it; undefined where it does not take it. */
function reference(file: Uint8Array): Uint8Array | undefined {
  try {
    return isGzip(file) ? gunzipSync(file, { maxOutputLength: MOST }) : fzstd(file)
  } catch {
    return undefined
  }
}

/** The checksum in a file of one gzip member without a name, or one zstd frame, that another decoder reads. */
function signed(file: Uint8Array): Uint8Array {
  if (!hasReference(file)) return file
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  try {
    if (isGzip(file)) {
      const contents = inflateRawSync(file.subarray(GZIP_HEADER, file.length - GZIP_TRAILER), { maxOutputLength: MOST })
      view.setUint32(file.length - 8, crc32(contents) >>> 0, true)
      view.setUint32(file.length - 4, contents.length, true)
    } else view.setUint32(file.length - 4, zstdChecksum(fzstd(file)), true)
  } catch {
    // It does not decode: then it has no checksum that would be right.
  }
  return file
}

/** Decodes the file, reads it here and there as from a large one, and holds it against what another decoder makes of it. */
const ask: Ask = async (file, random) => {
  let contents: Uint8Array
  try {
    contents = await decoded(file, random)
  } catch (error) {
    refusedWithPlace(error)
    return 'refused'
  }
  if (!hasReference(file)) return 'answered'
  const other = reference(file)
  if (other === undefined) throw new Broken('what is decoded is what another decoder reads', 'it refuses')
  if (Buffer.compare(contents, other) !== 0)
    throw new Broken('what is decoded is what another decoder makes', `${contents.length} bytes`)
  return 'answered'
}

async function decoded(file: Uint8Array, random: Random): Promise<Uint8Array> {
  const compression = compressionOf(Buffer.from(file.subarray(0, 16)).toString('latin1')) ?? 'zstd'
  const packed = { source: bytesSource(file), compression, base: 0 } as const
  const source = await decodedSource(packed, { keeping: random.once(2) ? 1 << 12 : 1 << 22 })
  if (source.byteLength > MOST) return (hasReference(file) ? reference(file) : undefined) ?? new Uint8Array(0)
  const whole = (await source.slice(0, source.byteLength)).slice()
  for (let i = 0; i < 3; i++) {
    const start = random.below(source.byteLength + 1)
    const end = start + random.below(source.byteLength - start + 1)
    if (Buffer.compare(await source.slice(start, end), whole.subarray(start, end)) !== 0)
      throw new Broken('what is decoded is the same wherever one begins', `${start} to ${end}`)
  }
  return whole
}

const fixtures = (folder: string, end: string) => {
  const all = new URL(`../../fixtures/${folder}/`, import.meta.url)
  return readdirSync(all)
    .filter((name) => name.endsWith(end))
    .map((name): [string, Uint8Array] => [`${folder}/${name}`, new Uint8Array(readFileSync(new URL(name, all)))])
}

async function corpus(): Promise<ReadonlyMap<string, () => EncodedModel>> {
  const small = fixtures('packed', '').filter(([name]) => name.startsWith('packed/tiny-') || name.endsWith('.lzo'))
  const files = new Map([...fixtures('vectors', '.json.zst'), ...fixtures('guests', '.vits'), ...small])
  return new Map([...bytesCorpus(files)].map(([name, made]) => [name, () => ({ ...made(), isSigned: false })]))
}

export const decoders: Target<EncodedModel> = {
  name: 'decoders',
  what: 'deflate, zstd, bzip2, xz and lzop as their own programs wrote them; of the first two with the checksum made right where another decoder reads the mutant: both must make the same of it',
  share: 140,
  corpus,
  mutators: [
    ...byteMutators,
    ...[1, 2, 3].map(() => (model: EncodedModel, random: Random) => {
      model.isSigned = true
      random.pick(byteMutators.slice(0, 9))(model, random)
    }),
  ],
  file: ({ bytes, isSigned }) => (isSigned ? signed(bytes) : bytes),
  ask,
}
