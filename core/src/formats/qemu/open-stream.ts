import { type ByteSource, holding } from '../byte-source.ts'
import type { SavedFile } from '../machine-file.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { StreamReader } from '../stream-reader.ts'
import { directFacts, followedFacts } from './device-facts.ts'
import { QemuMachine } from './machine.ts'
import { placeRam } from './ram-places.ts'
import type { RecordSink } from './ram-records.ts'
import { memoryAffinity } from './srat.ts'
import { QemuStream } from './stream.ts'
import { virtioMems } from './virtio-mem.ts'

/** Opens a QEMU migration stream or mapped-ram file that begins at `start` of its file: indexes its RAM and takes the state of the GIC and of PCI out. */
export async function openQemuStream(file: SavedFile, options: OpenOptions, start = 0): Promise<SavedMachine> {
  const stream = new QemuStream(new StreamReader(file.source, start, options.progress), indexing)
  await stream.read()
  const source = await withStates(file.source, stream)
  const affinity = await memoryAffinity(source, stream.blocks.get('/rom@etc/acpi/tables'))
  const facts = { affinity, virtioMems: await virtioMems(source, stream.devices) }
  const ram = placeRam(stream.machine, stream.blocks, facts, stream.lastRecord)
  const direct = await directFacts(source, stream.devices, stream.lastRecord)
  const written = { ...direct, vcpus: [], start }
  const machine = new QemuMachine(file, stream, ram, written)
  const memory = machine.memory()
  const followed = await followedFacts(direct, { memory, load: (ranges) => machine.load(memory, ranges) })
  return new QemuMachine(file, stream, ram, { ...written, ...followed })
}

/** More than the states of all devices together: in between may lie what VFIO saves of one, of any length. */
const MOST_HELD = 8 << 20

/** The source with the states of the devices at hand, which are asked for one by one and some of them often. */
async function withStates(source: ByteSource, { devices, lastRecord }: QemuStream): Promise<ByteSource> {
  const behind = devices.filter(({ offset }) => offset > lastRecord)
  const [first, last] = [behind[0], behind.at(-1)]
  if (first === undefined || last === undefined || last.offset + last.bytes - first.offset > MOST_HELD) return source
  return holding(source, first.offset, last.offset + last.bytes)
}

/** Keeps the place of each page's last record. */
const indexing: RecordSink = {
  record(block, page, kind, named, offset) {
    block.index.set(page, offset, kind, named)
  },
}
