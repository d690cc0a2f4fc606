import { bytesSource } from '@vits/core'
import { QemuStream } from '../../core/src/formats/qemu/stream.ts'
import { StreamReader } from '../../core/src/formats/stream-reader.ts'
import { type BytesModel, bytesCorpus, inPlaceMutators } from '../models/bytes.ts'
import { mutateJson } from '../models/json.ts'
import { realStreams, writtenStreams } from '../models/streams.ts'
import { askFile } from '../oracles/saved-vm.ts'
import type { Target } from '../target.ts'

/** A stream that ends with a description of its devices. */
interface DescribedModel {
  readonly stream: Uint8Array
  readonly json: unknown
}

const DESCRIPTION = 0x06

/** The models of a stream, made anew each time. */
function described(file: Uint8Array): () => DescribedModel {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength)
  for (let at = text.lastIndexOf('{"'); at >= 0; at = text.lastIndexOf('{"', at - 1)) {
    if (file[at - 5] !== DESCRIPTION || at + view.getUint32(at - 4) !== file.length) continue
    const json = text.toString('latin1', at)
    return () => ({ stream: file.subarray(0, at - 4), json: JSON.parse(json) })
  }
  throw new Error('a stream without a description of its devices')
}

export const description: Target<DescribedModel> = {
  name: 'vmdescription',
  what: 'the JSON that says what the states of devices consist of: names, sizes, counts, structures; its length is right',
  share: 80,
  corpus: async () => new Map([...writtenStreams(), ...(await realStreams())].map(([name, file]) => [name, described(file)])),
  mutators: [({ json }, random) => mutateJson(json, random)],
  file: ({ stream, json }) => {
    const text = Buffer.from(JSON.stringify(json), 'latin1')
    const length = Buffer.alloc(4)
    length.writeUInt32BE(text.length)
    return new Uint8Array(Buffer.concat([stream, length, text]))
  },
  ask: askFile,
}

/** A stream of which the places in the states of its devices are known. */
async function statesOf(file: Uint8Array): Promise<Uint32Array> {
  const stream = new QemuStream(new StreamReader(bytesSource(file)), { record: () => undefined })
  await stream.read()
  const places: number[] = []
  for (const { device, offset, bytes } of stream.devices) {
    // Each device has the same chance, whether its state is long or not.
    const known = /arm_gicv3|cpu$|smmu|virtio|pci|vfio|nvme/.test(device.name)
    const step = Math.max(1, Math.floor(bytes / (known ? 512 : 16)))
    for (let at = offset; at < offset + bytes; at += step) places.push(at)
  }
  return Uint32Array.from(places)
}

async function deviceCorpus(): Promise<ReadonlyMap<string, () => BytesModel>> {
  const files = await realStreams()
  const made = [...bytesCorpus(files)]
  const corpus = new Map<string, () => BytesModel>()
  for (const [name, model] of made) {
    const telling = await statesOf(files.get(name)!)
    corpus.set(name, () => ({ ...model(), telling }))
  }
  return corpus
}

export const devices: Target<BytesModel> = {
  name: 'device states',
  what: 'what real streams hold of GIC, vCPUs, PCI and virtio devices and SMMUs: bits, numbers, ranges',
  share: 35,
  corpus: deviceCorpus,
  mutators: inPlaceMutators,
  file: ({ bytes }) => bytes,
  ask: askFile,
}
