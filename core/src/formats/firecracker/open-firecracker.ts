import type { GicRegisters, SavedVcpu } from '../../abi/index.ts'
import { readExactly } from '../byte-source.ts'
import { differences } from '../edits.ts'
import { FormatError } from '../format-error.ts'
import type { FileEdits, MachineFile, SavedFile } from '../machine-file.ts'
import type { PieceFacts } from '../piece-machine.ts'
import type { OpenOptions, SavedMachine } from '../saved-machine.ts'
import { gicRegisters, withRedistributors } from './gic-state.ts'
import { LayeredMachine, wholeMachine } from './layered-machine.ts'
import { STATE_MOST } from './limits.ts'
import { type RamFiles, ramFiles, ramLayout } from './memory-file.ts'
import { msiFunctions, virtioDevices } from './pci-devices.ts'
import { savedVcpus } from './vcpu-states.ts'
import { readVmstate, type Vmstate, withGic } from './vmstate.ts'

/** Opens a Firecracker snapshot by its state; the file or files of RAM are among those beside it. */
export async function openFirecracker(file: SavedFile, _: OpenOptions, beside: readonly MachineFile[]): Promise<SavedMachine> {
  const { byteLength } = file.source
  if (byteLength > STATE_MOST) throw new FormatError(STATE_MOST, `a state of at most ${STATE_MOST} bytes`, `${byteLength}`)
  const bytes = await readExactly(file.source, 0, byteLength, 'the state of a VM')
  const state = readVmstate(bytes)
  const registers = gicRegisters(state)
  const layout = ramLayout(state)
  const ram = await ramFiles(layout, beside)
  const facts: PieceFacts = {
    kind: 'firecracker',
    origin: {
      vmm: 'firecracker',
      release: state.release,
      snapshot: state.first.header.version,
      ram: ram.length > 1 ? 'diff' : 'full',
    },
    machine: state.whole === undefined ? 'microVM, its devices not read' : 'microVM',
    registers,
    blocks: layout.blocks,
    unlocated: [],
    msi: msiFunctions(state, registers.itses),
    virtio: virtioDevices(state),
    vcpus: [],
    files: [file, ...ram],
    registerEdits: (to) => stateEdits(file, bytes, state, to),
  }
  const machine = (more: PieceFacts) => machineOf(more, layout.runs, ram)
  return machine({ ...facts, vcpus: await vcpusOf(state, machine(facts)) })
}

/** What the vCPUs did is not known where it is not known what RAM held. */
async function vcpusOf(state: Vmstate, machine: SavedMachine): Promise<readonly SavedVcpu[]> {
  const memory = machine.memory()
  try {
    return await savedVcpus(state, { memory, load: (ranges) => machine.load(memory, ranges) })
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    return []
  }
}

function machineOf(facts: PieceFacts, runs: Parameters<typeof wholeMachine>[1], ram: RamFiles): SavedMachine {
  return ram.length === 1 ? wholeMachine(facts, runs, ram[0]) : new LayeredMachine(facts, runs, ram)
}

/** The edits after which the state has these redistributors, and the checksum of that. */
function stateEdits(file: SavedFile, bytes: Uint8Array, state: Vmstate, { redistributors }: GicRegisters): FileEdits[] {
  const written = withGic(state, withRedistributors(state.first.gic, redistributors), bytes)
  const edits =
    written.length === bytes.length ? differences(0, bytes, written) : [{ offset: 0, remove: bytes.length, insert: written }]
  return edits.length === 0 ? [] : [{ file, edits }]
}
