import { coalesce, PAGE_BYTES } from '../../memory/index.ts'
import { bytesSource, openSavedMachine, type RunningVm, type SavedMachine } from '../index.ts'
import { QemuStream } from '../qemu/stream.ts'
import { StreamReader } from '../stream-reader.ts'
import { fixtureBytes } from './fixtures.ts'

const HEADER = [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3]
const FOOTER_BYTES = 5

/** What `xen-save-devices-state` would have written when a saved VM was saved: the sections of its devices as its stream has them. */
async function deviceStateOf(stream: Uint8Array): Promise<Uint8Array> {
  const read = new QemuStream(new StreamReader(bytesSource(stream)), { record: () => {} })
  await read.read()
  const sections = read.devices.map(({ device, offset, bytes }) => {
    const begin = offset - (1 + 4 + 1 + device.name.length + 8)
    return stream.subarray(begin, offset + bytes + FOOTER_BYTES)
  })
  return Uint8Array.from([...HEADER, ...sections.flatMap((section) => [...section]), 0])
}

/** A VM that is paused, and its save. */
export interface RunningFixture {
  /** What `xen-save-devices-state` would write. */
  readonly state: Uint8Array
  readonly vm: RunningVm
  readonly saved: SavedMachine
}

/** A saved VM of fixtures/saved as it was when it was paused. */
export async function runningFixture(name: string): Promise<RunningFixture> {
  const stream = fixtureBytes(`${name}.mig`)
  const saved = await openSavedMachine(bytesSource(stream))
  return { state: await deviceStateOf(stream), vm: pausedAs(saved), saved }
}

/** The RAM of a saved VM, read as it is asked for. */
export function pausedAs(saved: SavedMachine): RunningVm {
  const memory = saved.memory()
  const { machine, ranges: ram, unlocated } = saved
  const read: RunningVm['read'] = async ({ base, bytes }) => {
    if (base % PAGE_BYTES !== 0 || bytes % PAGE_BYTES !== 0) throw new RangeError(`${bytes} bytes at ${base} are no pages`)
    await saved.load(memory, coalesce([{ base, bytes }]))
    return memory.read(base, bytes)
  }
  return { machine, ram, unlocated, read }
}
