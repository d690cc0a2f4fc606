import { GITS_TRANSLATER, type MsiFunction, VIRT_ITS } from '../../../abi/index.ts'
import type { Manners } from './manners.ts'

/** MSI-X tables have as many. */
export const VECTORS = 8

interface Message {
  readonly eventId: number
  masked: boolean
}

/** What the device models of a guest's PCI functions hold: the MSI-X vectors that it has set. */
export class PciFunctions {
  readonly #keeps: Manners['pci']
  readonly #functions = new Map<number, Map<number, Message>>()

  constructor(keeps: Manners['pci']) {
    this.#keeps = keeps
  }

  set(deviceId: number, vector: number, eventId: number): void {
    const messages = this.#functions.get(deviceId) ?? new Map<number, Message>()
    this.#functions.set(deviceId, messages.set(vector, { eventId, masked: false }))
  }

  /** A vector that is not in use any more is cleared, or masked and left as it is. */
  free(deviceId: number, vector: number): void {
    const messages = this.#functions.get(deviceId)
    const message = messages?.get(vector)
    if (message === undefined) return
    if (this.#keeps === 'left') message.masked = true
    else messages!.delete(vector)
  }

  /** The VM is reset, and its devices with it. */
  reset(): void {
    this.#functions.clear()
  }

  /** Those that are bound have MSI-X enabled. */
  saved(isBound: (deviceId: number) => boolean): MsiFunction[] {
    if (this.#keeps === 'none') return []
    return [...this.#functions].map(([deviceId, messages]) => ({
      name: `function ${deviceId}`,
      deviceId,
      kind: 'MSI-X',
      enabled: isBound(deviceId),
      vectors: Array.from({ length: VECTORS }, (_, vector) => vectorOf(messages.get(vector))),
    }))
  }
}

function vectorOf(message: Message | undefined): MsiFunction['vectors'][number] {
  if (message === undefined) return { address: 0n, target: { kind: 'unset' }, data: 0, masked: true }
  const { eventId, masked } = message
  return { address: BigInt(VIRT_ITS + GITS_TRANSLATER), target: { kind: 'translater', its: 0 }, data: eventId, masked }
}
