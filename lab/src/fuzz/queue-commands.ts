import { type CommandName, commands, hex } from '@vits/core/abi'
import { doublewords, type QueuedCommand, queued } from '@vits/core/conformance'
import fc from 'fast-check'
import { collectionTableAt, deviceTableAt, ITT_AREAS, ittAt, NOWHERE, SIDE_RAM, VCPU_LIMIT } from './places.ts'

/** Values that meet: small pools, the edges of every limit, and a few that no ITS accepts. */
const mostly = (usual: readonly number[], others: readonly number[]) =>
  fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) })

export const deviceId = mostly([0, 1, 2, 5, 8192], [3, 8, 100, 4095, 8191, 8193, 0x4000, 0xe000, 0xffff, 0x10000])
export const eventId = mostly([0, 1, 2, 3], [6, 7, 8, 15, 31, 32, 255, 8192, 8195, 0xffff, 0x10000])
export const icid = mostly([0, 1, 2], [3, 7, 0x1fff, 0x2000, 0xffff])
export const pintid = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 8192, max: 8231 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 8191, 16383, 16384, 65535, 65536, 0xffffffff) },
)
export const rdBase = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: VCPU_LIMIT - 1 }) },
  { weight: 1, arbitrary: fc.constantFrom(VCPU_LIMIT, 0xffff, 0xffffffff) },
)
/** EventID bits of a device: 17 is one more than any ITS takes. */
const eventIdBits = mostly([1, 2, 2, 3, 3, 4, 5], [8, 8, 9, 9, 9, 9, 12, 14, 17, 17, 17, 32])
const area = fc.integer({ min: 0, max: ITT_AREAS - 1 })
export const ittAddr = fc.oneof(
  { weight: 20, arbitrary: area.map(ittAt) },
  { weight: 2, arbitrary: area.map((n) => SIDE_RAM.base + n * 0x800) },
  { weight: 1, arbitrary: fc.constantFrom(NOWHERE, deviceTableAt(0), collectionTableAt(0), 0) },
)
const valid = fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) })

/** A command by the operands it has. */
function command(name: CommandName, operands: Readonly<Record<string, fc.Arbitrary<number | boolean>>>) {
  return fc.record(operands).map((values) => queued(name, values))
}

/** What the architecture has no command for, what KVM has none for, and rubbish beside a known opcode. */
const rubbish = fc
  .record({
    opcode: fc.oneof(
      fc.constantFrom(0, 0x02, 0x20, 0x29, 0x2a, 0xff),
      fc.constantFrom(...Object.values(commands).map((c) => c.opcode)),
    ),
    words: fc.uint32Array({ minLength: 8, maxLength: 8 }),
  })
  .map(({ opcode, words }): QueuedCommand => {
    words[0] = ((words[0]! & ~0xff) | opcode) >>> 0
    return { name: `words with opcode ${hex(opcode)}`, dw: doublewords(words) }
  })

export const queuedCommand = fc.oneof(
  { weight: 20, arbitrary: command('MAPD', { deviceId, size: eventIdBits.map((bits) => bits - 1), ittAddr, valid }) },
  { weight: 14, arbitrary: command('MAPC', { icid, rdBase, valid }) },
  { weight: 30, arbitrary: command('MAPTI', { deviceId, eventId, pintid, icid }) },
  { weight: 3, arbitrary: command('MAPI', { deviceId, eventId: fc.oneof(eventId, pintid), icid }) },
  { weight: 6, arbitrary: command('DISCARD', { deviceId, eventId }) },
  { weight: 6, arbitrary: command('MOVI', { deviceId, eventId, icid }) },
  { weight: 8, arbitrary: command('INT', { deviceId, eventId }) },
  { weight: 2, arbitrary: command('CLEAR', { deviceId, eventId }) },
  { weight: 2, arbitrary: command('MOVALL', { rdBase, rdBase2: rdBase }) },
  { weight: 1, arbitrary: command('INV', { deviceId, eventId }) },
  { weight: 1, arbitrary: command('INVALL', { icid }) },
  { weight: 1, arbitrary: command('SYNC', { rdBase }) },
  { weight: 1, arbitrary: rubbish },
)

/** What a guest that has booted has mapped: three collections, and devices 0, 1, 5 and 8192 with events of their own. */
export function furniture(its: number, vcpuIds: readonly number[]): QueuedCommand[] {
  const devices = [0, 1, 5, 8192].map((deviceId, n) => ({
    deviceId,
    ittAddr: ittAt(4 * its + n),
    first: 8192 + 32 * (its & 1) + 4 * n,
  }))
  return [
    ...[0, 1, 2].map((icid) => queued('MAPC', { icid, rdBase: vcpuIds[icid % vcpuIds.length]!, valid: true })),
    ...devices.map(({ deviceId, ittAddr }) => queued('MAPD', { deviceId, size: 2, ittAddr, valid: true })),
    ...devices.flatMap(({ deviceId, first }, n) =>
      [0, 1, 3].map((eventId) => queued('MAPTI', { deviceId, eventId, pintid: first + eventId, icid: (n + eventId) % 3 })),
    ),
  ]
}
