import { describe, expect, it } from 'vitest'
import { bytesSource, FormatError } from '../index.ts'
import { Bytes } from '../testing/stream-writer.ts'
import type { DeviceSection } from './device-sections.ts'
import { type VirtioMem, virtioMems } from './virtio-mem.ts'
import type { Field } from './vmdescription.ts'

const PATH = '0000:00:09.0'
const BASE = 0x9000_0000
const MIB = 2 ** 20
/** The states lie this far in the file, and the file goes on behind them. */
const OFFSET = 0x100

const field = (name: string, bytes: number, type = ''): Field => ({ name, type, bytes, count: 1, struct: undefined })

function section(name: string, fields: readonly Field[], bytes: number): DeviceSection {
  return { device: { name, instance: 0, fields, subsections: [] }, offset: OFFSET, bytes }
}

function found(state: Uint8Array, ...sections: readonly DeviceSection[]): Promise<readonly VirtioMem[]> {
  const file = new Bytes()
    .raw(new Uint8Array(OFFSET))
    .raw(state)
    .raw(new Uint8Array(64 << 10))
  return virtioMems(bytesSource(file.done()), sections)
}

const checks = (base: number | bigint = BASE, bytes: number | bigint = 4 * MIB) =>
  new Bytes()
    .u64(base)
    .u64(bytes)
    .u64(2 * MIB)
    .u32(0)
const EARLY = `${PATH}/virtio-mem-device-early`
const early = (bytes: number) => section(EARLY, [field('tmp', 28)], bytes)
const range = { base: BASE, bytes: 4 * MIB }

/** The state of a device that describes itself as one field, and how long it is before the checks. */
function whole({ vectors = 0, queues = 2, config = 56 } = {}) {
  const space = new Uint8Array(256)
  if (vectors > 0) {
    space[0x06] = 0x10
    space[0x34] = 0x40
    space.set([0x11, 0, vectors - 1, 0], 0x40)
  }
  const out = new Bytes().u32(2).raw(space).raw(new Uint8Array(16))
  if (vectors > 0) out.raw(new Uint8Array(vectors * 16 + Math.ceil(vectors / 8)).fill(0xee)).u16(0xffff)
  out.u8(7).u8(0).u16(1).u32(0x30000000).u32(config).raw(new Uint8Array(config).fill(0xdd)).u32(queues)
  for (let queue = 0; queue < queues; queue++) {
    out.u32(128).u64(0x4000_0000).u16(9)
    if (vectors > 0) out.u16(queue)
  }
  return out.raw(checks().done()).done()
}
const virtio = (state: Uint8Array, bytes = state.length) =>
  section(`${PATH}/virtio-mem`, [field('virtio', bytes, 'virtio')], bytes)

describe('where a virtio-mem device has its memory', () => {
  it('stands in a section of its own, in the field that has it', async () => {
    const fields = [field('tmp', 8), field('other', 28), field('tmp', 28)]
    const state = new Bytes().raw(new Uint8Array(36).fill(0x55)).raw(checks().done()).done()
    expect(await found(state, section(EARLY, fields, state.length))).toEqual([{ path: PATH, range }])
  })

  it.each([
    ['no MSI-X', {}],
    ['MSI-X vectors', { vectors: 9 }],
    ['one MSI-X vector', { vectors: 1 }],
    ['no queues and no configuration', { queues: 0, config: 0 }],
    ['as many queues as there may be', { queues: 1024 }],
  ])('stands in the whole state of an older device with %s', async (_, parts) => {
    const state = whole(parts)
    expect(await found(state, virtio(state))).toEqual([{ path: PATH, range }])
  })

  it('is taken from the first section that tells it, and from none of another device', async () => {
    const state = checks().done()
    const other = section('0000:00:0a.0/virtio-net', [field('virtio', state.length, 'virtio')], state.length)
    expect(await found(state, other, early(state.length), virtio(state))).toEqual([{ path: PATH, range }])
  })

  it.each([
    ['without the field', section(EARLY, [field('size', 8)], 28)],
    ['too short for a PCI function', virtio(new Uint8Array(200))],
  ])('is not known of a state %s', async (_, one) => {
    expect(await found(checks().done(), one)).toEqual([{ path: PATH, range: undefined }])
  })

  it.each([
    ['an address beyond 48 bits', checks(2n ** 48n).done(), early(28), OFFSET, 'an address and a size'],
    ['a size beyond 48 bits', checks(BASE, 2n ** 48n).done(), early(28), OFFSET, 'an address and a size'],
    ['a state that ends in the field', checks().done(), early(27), OFFSET, '28 bytes in the state'],
    ['more queues than there are', whole({ queues: 1025 }), virtio(whole({ queues: 1025 })), OFFSET + 344, 'at most 1024 queues'],
    ['a state that ends before its queues', whole(), virtio(whole(), 276 + 12 + 56), OFFSET, '348 bytes in the state'],
    ['a state that ends in its queues', whole(), virtio(whole(), 400), OFFSET, '404 bytes in the state'],
  ])('is refused: %s', async (_, state, one, offset, message) => {
    const refused = found(state, one)
    await expect(refused).rejects.toThrow(FormatError)
    await expect(refused).rejects.toThrow(message)
    await expect(refused).rejects.toMatchObject({ offset })
  })

  it('is refused at its own place, not at that of the state', async () => {
    const state = new Bytes()
      .u64(0)
      .raw(checks(2n ** 48n).done())
      .done()
    const refused = found(state, section(EARLY, [field('size', 8), field('tmp', 28)], state.length))
    await expect(refused).rejects.toMatchObject({ offset: OFFSET + 8 })
  })
})
