import type { ByteSource } from '../byte-source.ts'
import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'
import { SECTION } from './section.ts'
import { type DeviceDescription, lastDescription, nextDescription, type PlacedDescription, stateBytes } from './vmdescription.ts'

/** The state of one device: where it lies in the source, and what it consists of. */
export interface DeviceSection {
  readonly device: DeviceDescription
  readonly offset: number
  readonly bytes: number
}

/** A section without a length of its own. `bytes` is known where it was found by its footer. */
export interface UndescribedSection {
  readonly name: string
  readonly instance: number
  readonly offset: number
  readonly bytes?: number
}

const FOOTER_BYTES = 5
/** Around the name of a section: its type, its number and the length of the name; its instance and its version. */
const HEAD = { before: 6, behind: 8 } as const

/**
 * The devices of a stream, in its order, by its description: that is at the end of the file, or where other bytes follow the stream,
 * behind the states of all devices.
 */
export class DeviceSections {
  readonly found: DeviceSection[] = []
  /** Behind the description. */
  end: number
  readonly #source: ByteSource
  /** Sections that came before anything told where the description is. */
  readonly #waiting: UndescribedSection[] = []
  #last: PlacedDescription | 'none' | undefined
  #described: readonly DeviceDescription[] | undefined

  constructor(source: ByteSource) {
    this.#source = source
    this.end = source.byteLength
  }

  /**
   * Whether lengths are known for the section that begins at `at`. Where the file does not end in the description, it is looked for once
   * that is the first of those that come last (`isLate`).
   *
   * @throws FormatError when there is none.
   */
  async areDescribed(at: number, isLate: boolean): Promise<boolean> {
    if (this.#described !== undefined) return true
    const last = await this.#lastOne()
    const isEnd = last?.end === this.#source.byteLength
    if (!isEnd && !isLate) return false
    const found = isEnd ? last : ((await this.#behind(at)) ?? last)
    if (found === undefined) throw this.missing()
    this.#described = found.devices
    this.end = found.end
    for (const section of this.#waiting.splice(0)) this.add(section)
    return true
  }

  missing(): FormatError {
    const what = 'the device description (JSON) that ends a QEMU stream'
    return new FormatError(this.#source.byteLength, what, 'the end of the file without one')
  }

  /** True when there are sections that nothing is known of. */
  get areWaiting(): boolean {
    return this.#waiting.length > 0
  }

  /** Keeps a section whose end was found by its footer until the description tells of it. */
  wait(section: UndescribedSection): void {
    this.#waiting.push(section)
  }

  /** Takes the next section; answers its length. @throws FormatError when the description has another one there. */
  add({ name, instance, offset, bytes: found }: UndescribedSection): number {
    const device = this.#described?.[this.found.length]
    if (device === undefined || device.name !== name || device.instance !== instance) {
      const expected = device === undefined ? 'no more device' : `device "${device.name}" ${device.instance}`
      throw new FormatError(offset, `${expected} according to the device description`, `"${name}" ${instance}`)
    }
    const bytes = stateBytes(device)
    if (found !== undefined && found !== bytes) throw new FormatError(offset, `${bytes} bytes of state of ${name}`, `${found}`)
    this.found.push({ device, offset, bytes })
    return bytes
  }

  async #lastOne(): Promise<PlacedDescription | undefined> {
    this.#last ??= (await lastDescription(this.#source)) ?? 'none'
    return this.#last === 'none' ? undefined : this.#last
  }

  #behind(at: number): Promise<PlacedDescription | undefined> {
    const before = this.#waiting.length
    return nextDescription(this.#source, at, ({ devices, start }, bytes) =>
      areStates(bytes, devices.slice(before), start - 1 - at),
    )
  }
}

/** Whether the sections in the beginning of `bytes` are those of these devices, one after the other, and the stream ends at `end` behind them. */
function areStates(bytes: Uint8Array, devices: readonly DeviceDescription[], end: number): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  for (const device of devices) {
    const name = at + HEAD.before
    const state = name + device.name.length + HEAD.behind
    const footer = state + stateBytes(device)
    if (footer + FOOTER_BYTES > end || bytes[at] !== SECTION.full || bytes[name - 1] !== device.name.length) return false
    if (latin1(bytes.subarray(name, state - HEAD.behind)) !== device.name) return false
    if (view.getUint32(state - HEAD.behind) !== device.instance) return false
    if (bytes[footer] !== SECTION.footer || view.getUint32(footer + 1) !== view.getUint32(at + 1)) return false
    at = footer + FOOTER_BYTES
  }
  return at === end && bytes[at] === SECTION.eof
}
