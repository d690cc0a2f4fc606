import { readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { JsonValue } from '../json/json-value.ts'
import type { MachineFile, SavedFile } from '../machine-file.ts'
import { PieceMachine } from '../piece-machine.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { type GicState, gicState, redistributorEdits, versionsOf } from './gic-state.ts'
import { msiFunctions, pciNodes } from './pci-functions.ts'
import { ramFiles } from './ram-files.ts'
import { ramLayout } from './ram-layout.ts'
import { SnapshotNode } from './snapshot-tree.ts'
import { virtioDevices } from './virtio-devices.ts'

/** What passed-through devices saved may be long. */
const LARGEST_STATE = 256 << 20

/** True for what state.json begins with. */
export const isSnapshotState = (start: string): boolean => /^\s*\{\s*"(?:id|snapshots|snapshot_data)"\s*:/.test(start)

/** Opens a snapshot of Cloud Hypervisor by its state.json; `beside` are the other files of its folder. */
export async function openSnapshot(file: SavedFile, options: OpenOptions, beside: readonly MachineFile[]): Promise<SavedMachine> {
  const { source } = file
  const { byteLength } = source
  if (byteLength > LARGEST_STATE) throw new FormatError(LARGEST_STATE, `at most ${LARGEST_STATE} bytes of state`, `${byteLength}`)
  const json = JsonValue.of(await readExactly(source, 0, byteLength, 'the state of a VM'), 'the state of a VM')
  const vm = new SnapshotNode('vm', json)
  const deviceManager = vm.child('device-manager')
  const gic = gicOf(vm, deviceManager)
  const memory = vm.child('memory-manager')
  const layout = ramLayout(memory)
  const { pieces, absent, files } = await ramFiles(layout, beside, options)
  const nodes = pciNodes(deviceManager)
  const versions = versionsOf(memory.form!, gic)
  return new PieceMachine(
    {
      kind: 'cloud-hypervisor',
      origin: { vmm: 'cloud-hypervisor', versions },
      machine: versions,
      registers: gic.registers,
      blocks: layout.mappings.map(({ zone, bytes }) => ({ name: zone, bytes })),
      unlocated: [],
      msi: msiFunctions(nodes, gic.registers.itses),
      virtio: virtioDevices(nodes, deviceManager),
      vcpus: [],
      files: [file, ...files],
      absent,
      registerEdits: ({ redistributors }) => {
        const edits = redistributorEdits(gic, redistributors)
        return edits.length === 0 ? [] : [{ file, edits }]
      },
    },
    pieces,
  )
}

const GIC = 'gic-v3-its'

/** Since v29 the GIC is one of the devices; before, beside them. */
function gicOf(vm: SnapshotNode, deviceManager: SnapshotNode): GicState {
  const node = deviceManager.children().get(GIC) ?? vm.children().get(GIC)
  if (node === undefined) throw deviceManager.wrong(`a component "${GIC}": the snapshot of an arm64 VM with an ITS`)
  return gicState(node)
}
