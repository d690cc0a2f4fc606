import type { GicRegisters, SavedVcpu } from '../../abi/index.ts'
import type { GpaRange } from '../../memory/index.ts'
import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { SavedFile } from '../machine-file.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { StreamReader } from '../stream-reader.ts'
import { vcpuActivities } from '../vcpu-activity.ts'
import { DeviceState } from './device-state.ts'
import { handlingVcpus, redistributors, savedItses } from './gic-state.ts'
import { ringsThroughIommus, smmuTables, throughIommus } from './iommu.ts'
import { QemuMachine } from './machine.ts'
import { msiFunctions } from './pci-function.ts'
import { pciStates } from './pci-state.ts'
import { placeRam } from './ram-places.ts'
import type { RecordSink } from './ram-records.ts'
import { RequesterIds } from './requester-id.ts'
import { memoryAffinity } from './srat.ts'
import { QemuStream } from './stream.ts'
import { vcpuRegisters } from './vcpu-registers.ts'
import { virtioDevices } from './virtio-devices.ts'
import { virtioMems } from './virtio-mem.ts'

/** Opens a QEMU migration stream or mapped-ram file that begins at `start` of its file: indexes its RAM and takes the state of the GIC and of PCI out. */
export async function openQemuStream(file: SavedFile, options: OpenOptions, start = 0): Promise<SavedMachine> {
  const { source } = file
  const stream = new QemuStream(new StreamReader(source, start, options.progress), indexing)
  await stream.read()
  const affinity = await memoryAffinity(source, stream.blocks.get('/rom@etc/acpi/tables'))
  const facts = { affinity, virtioMems: await virtioMems(source, stream.devices) }
  const ram = placeRam(stream.machine, stream.blocks, facts, stream.lastRecord)
  const { registers, gic } = await gicRegisters(source, stream)
  const { states, unread } = await pciStates(source, stream.devices)
  const smmus = smmuTables(await statesOf(source, stream, 'smmuv3'))
  const hasIommu = smmus.length > 0 || stream.devices.some(({ device }) => device.name.endsWith('/virtio-iommu'))
  const direct = await virtioDevices(source, stream.devices, new RequesterIds(states))
  const written = { registers, gic, msi: msiFunctions(states, registers.itses, unread), virtio: direct, vcpus: [], start }
  const machine = new QemuMachine(file, stream, ram, written)
  const memory = machine.memory()
  const guest = { memory, load: (ranges: readonly GpaRange[]) => machine.load(memory, ranges) }
  const virtio = hasIommu ? await ringsThroughIommus(direct, smmus, guest) : direct
  const msi = await throughIommus(written.msi, smmus, registers.itses, guest)
  const cpus = [...(await statesOf(source, stream, 'cpu'))].sort((a, b) => a.instance - b.instance)
  const did = await vcpuActivities(cpus.map(vcpuRegisters), guest)
  const handling = (await statesOf(source, stream, 'arm_gicv3')).flatMap(handlingVcpus)
  const vcpus = did.map((one, i): SavedVcpu => ({ did: one, ...(handling[i] !== undefined && { isHandling: handling[i] }) }))
  return new QemuMachine(file, stream, ram, { ...written, msi, virtio, vcpus })
}

/** Keeps the place of each page's last record. */
const indexing: RecordSink = {
  record(block, page, kind, named, offset) {
    block.index.set(page, offset, kind, named)
  },
}

async function gicRegisters(
  source: ByteSource,
  stream: QemuStream,
): Promise<{ readonly registers: GicRegisters; readonly gic: DeviceState }> {
  const [gic] = await statesOf(source, stream, 'arm_gicv3')
  const itses = savedItses(await statesOf(source, stream, 'arm_gicv3_its'))
  if (gic === undefined || itses.length === 0) {
    const missing = gic === undefined ? 'arm_gicv3' : 'arm_gicv3_its'
    throw new FormatError(stream.lastRecord, `the state of a GICv3 with an ITS (section ${missing})`, 'a stream without it')
  }
  return { registers: { itses, redistributors: redistributors(gic) }, gic }
}

async function statesOf(source: ByteSource, stream: QemuStream, name: string): Promise<DeviceState[]> {
  const states: DeviceState[] = []
  for (const section of stream.devices) {
    if (section.device.name !== name) continue
    states.push(new DeviceState(section, await readExactly(source, section.offset, section.bytes, name)))
  }
  return states
}
