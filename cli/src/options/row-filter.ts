import type { DeviceNames } from '@vits/core/audit'
import { UsageError } from '../failure.ts'
import { list } from './option.ts'

/** Which rows of a listing are shown. */
export const rowFilters = {
  device: list('--device <ids>', 'only these devices: a DeviceID, 0x100 or 256, or a PCI address, 01:00.0'),
  lpi: list('--lpi <lpis>', 'only the events with these LPIs'),
  name: list('--name <names>', 'only devices that people call so, or in part: disk, network, virtio-blk'),
}

/** What the options were given. */
export type RowFilters = { readonly [F in keyof typeof rowFilters]: readonly string[] }

interface Row {
  readonly deviceId: number
  readonly events: readonly { readonly lpi: number | null }[]
}

/** A device has to be one that --device or --name names, and events one of the LPIs; what is not given asks for nothing. */
export class RowFilter {
  readonly isAny: boolean
  readonly #deviceIds: ReadonlySet<number>
  readonly #addresses: ReadonlySet<string>
  readonly #lpis: ReadonlySet<number>
  readonly #names: readonly string[]

  /** @throws UsageError for what is no DeviceID, PCI address or LPI. */
  constructor({ device, lpi, name }: RowFilters) {
    const addresses = device.filter((word) => PCI_ADDRESS.test(word))
    this.isAny = device.length + lpi.length + name.length > 0
    this.#addresses = new Set(
      addresses.map((word) => PCI_ADDRESS.exec(word.toLowerCase())!).map(([, segment = '0000', rest]) => `${segment}:${rest}`),
    )
    this.#deviceIds = new Set(
      device.filter((word) => !addresses.includes(word)).map((word) => numberOf(word, 'DeviceID or PCI address')),
    )
    this.#lpis = new Set(lpi.map((word) => numberOf(word, 'LPI')))
    this.#names = name.map((word) => word.toLowerCase())
  }

  /** The devices that are shown, with their events that are. */
  of<D extends Row>(devices: readonly D[], names: DeviceNames): D[] {
    return devices.flatMap((device) => {
      if (!this.#hasDevice(device.deviceId, names)) return []
      const events =
        this.#lpis.size === 0 ? device.events : device.events.filter(({ lpi }) => lpi !== null && this.#lpis.has(lpi))
      return this.#lpis.size > 0 && events.length === 0 ? [] : [{ ...device, events }]
    })
  }

  #hasDevice(deviceId: number, names: DeviceNames): boolean {
    if (this.#deviceIds.size + this.#addresses.size + this.#names.length === 0) return true
    if (this.#deviceIds.has(deviceId)) return true
    return names
      .of(deviceId)
      .functions.some(
        ({ address, model, noun }) =>
          this.#addresses.has(address) ||
          this.#names.some((word) => [model.toLowerCase(), noun].some((name) => name.includes(word))),
      )
  }
}

const PCI_ADDRESS = /^(?:([0-9a-f]{4}):)?([0-9a-f]{2}:[0-9a-f]{2}\.[0-7])$/i

function numberOf(word: string, what: string): number {
  if (/^(0x[0-9a-f]{1,8}|\d{1,10})$/i.test(word)) return Number(word)
  throw new UsageError(`'${word}' is no ${what}`)
}
