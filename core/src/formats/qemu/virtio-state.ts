import { type ByteSource, readExactly } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import type { DeviceSection } from './device-sections.ts'
import { msixVectors } from './pci-function.ts'
import { virtioHead } from './pci-state.ts'

/** What every virtio device writes behind its transport's part, in bytes; then come its configuration and its queues. */
const COMMON = { status: 1, isr: 1, queueSelect: 2, features: 4, configBytes: 4 } as const
/** A queue; behind it the transport's part: the MSI-X vector, if there is MSI-X. */
const QUEUE = { size: 4, desc: 8, nextAvail: 2, vector: 2 } as const
const NO_VECTOR = 0xffff
/** No device of QEMU has more. */
export const MOST_QUEUES = 1024
const MOST_CONFIG = 1 << 16
const bytesOf = (fields: Readonly<Record<string, number>>): number => Object.values(fields).reduce((sum, bytes) => sum + bytes, 0)

/** A queue as the common part of a device's state has it. */
export interface SavedQueue {
  readonly size: number
  readonly desc: bigint
  readonly nextAvail: number
  readonly vector: number | undefined
  /** Where it begins in the state. */
  readonly at: number
}

/** The part of its state that all virtio devices have. */
export interface VirtioState {
  /** Of PCI, as far as the head of the state holds it. */
  readonly config: Uint8Array
  readonly configVector: number | undefined
  readonly status: number
  /** The first 32 of them. */
  readonly features: number
  readonly queues: readonly SavedQueue[]
  /** Where the part ends that all devices have. */
  readonly end: number
}

/**
 * Reads what a virtio device of the PCI bus saves before that which only its kind has; undefined when the state is too short to begin with a PCI function.
 *
 * @throws FormatError for sizes that no device has, and when the state ends before its queues.
 * @source QEMU hw/virtio/virtio.c, virtio_save; hw/virtio/virtio-pci.c, virtio_pci_save_config and virtio_pci_save_queue; hw/pci/msix.c, msix_save
 */
export async function virtioState(source: ByteSource, section: DeviceSection): Promise<VirtioState | undefined> {
  const head = await virtioHead(source, section)
  if (head === undefined) return undefined
  const vectors = msixVectors(head.config)
  const state = new StateReader(source, section, head.end + (vectors > 0 ? vectors * 16 + Math.ceil(vectors / 8) : 0))
  const vector = (view: DataView, at: number): number | undefined => {
    const value = vectors > 0 ? view.getUint16(at) : NO_VECTOR
    return value === NO_VECTOR ? undefined : value
  }
  const configVector = vectors > 0 ? vector(await state.next(QUEUE.vector), 0) : undefined
  const common = await state.next(bytesOf(COMMON))
  const configBytes = common.getUint32(8)
  if (configBytes > MOST_CONFIG) throw state.wrong(4, `at most ${MOST_CONFIG} bytes of configuration`, configBytes)
  await state.next(configBytes)
  const count = (await state.next(4)).getUint32(0)
  if (count > MOST_QUEUES) throw state.wrong(4, `at most ${MOST_QUEUES} queues`, count)
  const queueBytes = bytesOf(QUEUE) - (vectors > 0 ? 0 : QUEUE.vector)
  const start = state.at
  const view = await state.next(count * queueBytes)
  const queues = Array.from({ length: count }, (_, i): SavedQueue => {
    const at = i * queueBytes
    return {
      size: view.getUint32(at),
      desc: view.getBigUint64(at + 4),
      nextAvail: view.getUint16(at + 12),
      vector: vector(view, at + 14),
      at: start + at,
    }
  })
  const { config } = head
  return { config, configVector, status: common.getUint8(0), features: common.getUint32(4), queues, end: state.at }
}

/** The bytes of a device's state, one piece after another. */
export class StateReader {
  at: number
  readonly #source: ByteSource
  readonly #section: DeviceSection

  constructor(source: ByteSource, section: DeviceSection, at: number) {
    this.#source = source
    this.#section = section
    this.at = at
  }

  async next(count: number): Promise<DataView> {
    const { device, offset, bytes } = this.#section
    const end = this.at + count
    if (end > bytes) throw new FormatError(offset, `${end} bytes in the state of ${device.name}`, `${bytes}`)
    const state = await readExactly(this.#source, offset + this.at, count, `the state of ${device.name}`)
    this.at = end
    return new DataView(state.buffer, state.byteOffset, state.byteLength)
  }

  /** What stands `back` bytes before this is wrong. */
  wrong(back: number, expected: string, found: number): FormatError {
    return new FormatError(
      this.#section.offset + this.at - back,
      `${expected} in the state of ${this.#section.device.name}`,
      `${found}`,
    )
  }
}
