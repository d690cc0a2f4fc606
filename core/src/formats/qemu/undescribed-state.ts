import { FormatError } from '../format-error.ts'
import { latin1 } from '../stream-reader.ts'
import type { DeviceSection } from './device-sections.ts'
import { describeGic, describeState } from './known-states.ts'
import { SECTION } from './section.ts'

const MAGIC = 'QEVM'
const VERSION = 3
const HEADER_BYTES = 8
const FOOTER_BYTES = 5
/** No machine has more devices. */
const MOST_SECTIONS = 1 << 16
/** What is read by its name alone, and must be there once. */
const UNIQUE = /^(arm_gicv3(_its)?|cpu|smmuv3)$|^[0-9a-f]{4}:[0-9a-f]{2}:/

/**
 * The sections of a file that `xen-save-devices-state` writes: the state of all devices, without RAM, and without the description that says how
 * long each is. Where one ends its footer says: the number of the section behind 0x7e, and behind that another section or the end of the file. The
 * GIC is read by its layout instead, so that no word of a guest in it is taken for a footer. Of any other section two such places are refused:
 * guests choose what lies in their devices.
 *
 * @throws FormatError where it is no such file.
 * @source QEMU migration/savevm.c, qemu_save_device_state
 */
export function undescribedSections(bytes: Uint8Array): DeviceSection[] {
  const reader = new Reader(bytes)
  reader.header()
  const sections: DeviceSection[] = []
  const seen = new Set<string>()
  for (let section = reader.section(); section !== undefined; section = reader.section()) {
    const { device, offset } = section
    const key = `${device.name} ${device.instance}`
    if (UNIQUE.test(device.name) && seen.has(key)) throw new FormatError(offset, `one section "${device.name}"`, 'another')
    seen.add(key)
    if (sections.push(section) > MOST_SECTIONS) throw new FormatError(offset, `at most ${MOST_SECTIONS} sections`, 'more')
  }
  return sections
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  /** Where a section of each number may end. */
  readonly #footers = new Map<number, number[]>()
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let at = bytes.indexOf(SECTION.footer); at >= 0; at = bytes.indexOf(SECTION.footer, at + 1)) {
      if (!this.#mayEndAt(at)) continue
      const id = this.#view.getUint32(at + 1)
      const known = this.#footers.get(id)
      if (known === undefined) this.#footers.set(id, [at])
      else known.push(at)
    }
  }

  header(): void {
    const start = latin1(this.#bytes.subarray(0, MAGIC.length))
    if (start !== MAGIC) throw new FormatError(0, `the state of devices ("${MAGIC}")`, JSON.stringify(start))
    if (this.#bytes.length < HEADER_BYTES) throw this.#ends('the version of the state of devices')
    const version = this.#view.getUint32(MAGIC.length)
    if (version !== VERSION) throw new FormatError(MAGIC.length, `version ${VERSION}`, `version ${version}`)
    this.#at = HEADER_BYTES
  }

  /** The next section; undefined at the end of the file. */
  section(): DeviceSection | undefined {
    const begin = this.#at
    const type = this.#bytes[begin]
    if (type === SECTION.eof && begin + 1 === this.#bytes.length) return undefined
    if (type === undefined) throw this.#ends('a section or the end of the state')
    const head = this.#headAt(begin)
    if (head === undefined) throw new FormatError(begin, 'the state of a device', `section type 0x${type.toString(16)}`)
    const { id, name, instance, version, start } = head
    const gic =
      name === 'arm_gicv3' && version === 1 ? describeGic(this.#bytes, start, (at) => this.#isFooter(at, id)) : undefined
    const end = gic === undefined ? this.#onlyFooter(id, name, start) : start + gic.bytes
    const state = this.#bytes.subarray(start, end)
    this.#at = end + FOOTER_BYTES
    const device = { name, instance, ...(gic?.description ?? describeState(name, version, state)) }
    return { device, offset: start, bytes: end - start }
  }

  #onlyFooter(id: number, name: string, start: number): number {
    const [end, more] = (this.#footers.get(id) ?? []).filter((at) => at >= start)
    if (end === undefined) throw this.#ends(`the footer of section ${id}, "${name}"`)
    if (more !== undefined) throw new FormatError(more, `one footer of section ${id}, "${name}"`, 'another')
    return end
  }

  #isFooter(at: number, id: number): boolean {
    return this.#bytes[at] === SECTION.footer && this.#mayEndAt(at) && this.#view.getUint32(at + 1) === id
  }

  #mayEndAt(at: number): boolean {
    const next = at + FOOTER_BYTES
    if (this.#bytes[next] === SECTION.eof) return next + 1 === this.#bytes.length
    return this.#headAt(next) !== undefined
  }

  #headAt(at: number) {
    const bytes = this.#bytes
    if (bytes[at] !== SECTION.full) return undefined
    const length = bytes[at + FOOTER_BYTES]
    if (length === undefined || length === 0) return undefined
    const name = at + FOOTER_BYTES + 1
    const start = name + length + 8
    if (start > bytes.length) return undefined
    for (let i = name; i < name + length; i++) if (bytes[i]! < 0x20 || bytes[i]! > 0x7e) return undefined
    const view = this.#view
    return {
      id: view.getUint32(at + 1),
      name: latin1(bytes.subarray(name, name + length)),
      instance: view.getUint32(name + length),
      version: view.getUint32(name + length + 4),
      start,
    }
  }

  #ends(expected: string): FormatError {
    return new FormatError(this.#bytes.length, expected, 'the end of the file')
  }
}
