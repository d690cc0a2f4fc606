import { CTE, DTE, ENTRY_BYTES, hex, ITE, L1E } from '@vits/core/abi'
import type { Step } from '@vits/core/conformance'
import fc from 'fast-check'
import {
  CONFIGURATION,
  collectionTableAt,
  deviceTableAt,
  ITS_LIMIT,
  ITT_AREAS,
  ittAt,
  L2_PAGES,
  l2PageAt,
  NOWHERE,
  pendingTableAt,
  SIDE_RAM,
  TABLE_PAGE,
  VCPU_LIMIT,
} from './places.ts'
import { icid, ittAddr, pintid, rdBase } from './queue-commands.ts'

/** Bytes put into guest RAM behind the ITS's back: what a guest may do, and what a damaged save holds. */
const word = (at: fc.Arbitrary<number>, value: fc.Arbitrary<bigint>, what: string) =>
  fc.tuple(at, value).map(([gpa, entry]): Step => ({ op: 'mem_write', gpa: hex(gpa), what, hex: littleEndian(entry) }))

export function littleEndian(value: bigint): string {
  return value.toString(16).padStart(16, '0').match(/../g)!.reverse().join('')
}

const its = fc.integer({ min: 0, max: ITS_LIMIT - 1 })
const slot = fc.constantFrom(0, 0, 1, 2, 3, 5, 8, 31, 100, 8191)
const valid = fc.constantFrom(true, true, true, false)

const deviceTablePlace = fc
  .tuple(
    fc.oneof(
      its.map(deviceTableAt),
      fc.integer({ min: 0, max: L2_PAGES - 1 }).map((page) => l2PageAt(page)),
      fc.constant(SIDE_RAM.base),
    ),
    slot,
  )
  .map(([table, n]) => table + 8 * n)

const dte = fc
  .record({
    valid,
    next: fc.constantFrom(0, 0, 1, 1, 2, 4, 6, 8191, 0x3fff),
    ittAddr,
    size: fc.constantFrom(0, 0, 1, 1, 2, 3, 4, 7, 10, 16, 31),
  })
  .map((fields) => DTE.pack(fields))

const ite = fc.record({ pintid, icid, next: fc.constantFrom(0, 0, 1, 1, 2, 3, 7, 31, 0xffff) }).map((fields) => ITE.pack(fields))

/** One in six is past a table of 64 KiB. */
const cteIcid = fc.oneof({ weight: 2, arbitrary: icid }, { weight: 1, arbitrary: fc.constantFrom(0x1fff, 0x2000) })
const cte = fc.record({ valid, rdBase, icid: cteIcid }).map((fields) => CTE.pack(fields))

const l1Entry = fc
  .record({
    valid,
    l2Addr: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 0, max: L2_PAGES - 1 }).map(l2PageAt) },
      { weight: 1, arbitrary: fc.constantFrom(NOWHERE, SIDE_RAM.base) },
    ),
  })
  .map((fields) => L1E.pack(fields))

const ittPlace = fc
  .tuple(fc.integer({ min: 0, max: ITT_AREAS - 1 }), fc.constantFrom(0, 0, 1, 2, 3, 7, 15, 31))
  .map(([area, n]) => ittAt(area) + 8 * n)

const bytesAt = (at: fc.Arbitrary<number>, value: fc.Arbitrary<number>, what: string) =>
  fc
    .tuple(at, value)
    .map(([gpa, byte]): Step => ({ op: 'mem_write', gpa: hex(gpa), what, hex: byte.toString(16).padStart(2, '0') }))

const lpiIndex = fc.integer({ min: 0, max: 47 })
const byte = fc.integer({ min: 0, max: 255 })
/**
 * Any priority of five bits. Which of two pending LPIs comes first that differ in the sixth only, KVM's list or the CPU interface
 * decides, by how many list registers the machine has.
 */
const configuration = byte.map((value) => value & ~4)

const entries = fc.oneof(
  { weight: 6, arbitrary: word(deviceTablePlace, dte, 'a DTE') },
  { weight: 8, arbitrary: word(ittPlace, ite, 'an ITE') },
  {
    weight: 4,
    arbitrary: word(
      fc.tuple(its, slot).map(([n, i]) => collectionTableAt(n) + 8 * i),
      cte,
      'a CTE',
    ),
  },
  {
    weight: 4,
    arbitrary: word(
      fc.tuple(its, slot).map(([n, i]) => deviceTableAt(n) + 8 * (i & 7)),
      l1Entry,
      'an L1 entry',
    ),
  },
  { weight: 1, arbitrary: word(fc.oneof(deviceTablePlace, ittPlace), fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), 'rubbish') },
  {
    weight: 2,
    arbitrary: bytesAt(
      lpiIndex.map((i) => CONFIGURATION + i),
      configuration,
      'an LPI configuration',
    ),
  },
  {
    weight: 3,
    arbitrary: bytesAt(
      fc.tuple(fc.integer({ min: 0, max: VCPU_LIMIT - 1 }), lpiIndex).map(([cpu, i]) => pendingTableAt(cpu) + 0x400 + (i >> 3)),
      byte,
      'eight pending bits',
    ),
  },
)

/** A collection table full to its last entry: no entry ends it. KVM takes a fifth of a second for its 8192 collections. */
const fullCollectionTable = its.map((number): Step => {
  const ctes = Array.from({ length: TABLE_PAGE / ENTRY_BYTES }, (_, n) => littleEndian(CTE.pack({ valid: true, icid: n })))
  return { op: 'mem_write', gpa: hex(collectionTableAt(number)), what: 'a full collection table', hex: ctes.join('') }
})

export const planted = fc.oneof({ weight: 1000, arbitrary: entries }, { weight: 1, arbitrary: fullCollectionTable })
