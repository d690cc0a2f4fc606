import { GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, GITS_CBASER, hex, u64 } from '@vits/core/abi'
import fc from 'fast-check'
import { CONFIGURATION, collectionTableAt, deviceTableAt, NOWHERE, pendingTableAt, queueAt, SIDE_RAM } from './places.ts'

/** Inner shareable, read-allocate and write-allocate: what a guest writes. */
const memory = { shareability: 1, innerCache: 7 }
const SIZE_64K = 2

export interface TableChoice {
  readonly indirect: boolean
  readonly pages: number
}

export const cbaser = (its: number, pages: number) =>
  GITS_CBASER.pack({ ...memory, valid: true, address: queueAt(its), pages: pages - 1 })

const baser = (base: number, { indirect, pages }: TableChoice) =>
  GITS_BASER.pack({ ...memory, valid: true, indirect, pageSize: SIZE_64K, addressLow: base, pages: pages - 1 })

export const deviceBaser = (its: number, choice: TableChoice) => baser(deviceTableAt(its), choice)
export const collectionBaser = (its: number) => baser(collectionTableAt(its), { indirect: false, pages: 1 })

export const propbaser = (idBits: number) => GICR_PROPBASER.pack({ ...memory, address: CONFIGURATION, idBits: idBits - 1 })
export const pendbaser = (vcpu: number) => GICR_PENDBASER.pack({ ...memory, address: pendingTableAt(vcpu) })

const anyWord = fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)).map(([lo, hi]) => u64(lo, hi))
const clearValid = (value: bigint) => value & ~(1n << 63n)
const elsewhere = fc.constantFrom(NOWHERE, SIDE_RAM.base)

/** A value for an ITS register: mostly one that makes sense for this ITS, now and then one that does not. */
const itsRegisterValues: Readonly<Record<string, (its: number) => fc.Arbitrary<bigint>>> = {
  GITS_CTLR: () => fc.constantFrom(0n, 1n, 1n, 0xffffffffn, 0x80000000n),
  GITS_IIDR: () => fc.constantFrom(0x4b00043bn, 0x4b00143bn, 0n, 0x43bn),
  GITS_CBASER: (its) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(1, 1, 2, 16).map((pages) => cbaser(its, pages)) },
      { weight: 1, arbitrary: fc.constantFrom(clearValid(cbaser(its, 1)), cbaser(its, 1) + 0x1000n) },
      { weight: 1, arbitrary: anyWord },
    ),
  GITS_CREADR: () => fc.constantFrom(0n, 0x20n, 0x40n, 0x60n, 0xfe0n, 0x1000n, 0x100000n, 0x21n),
  GITS_CWRITER: () => fc.constantFrom(0n, 0x20n, 0x40n, 0x80n, 0xfe0n, 0x1000n, 0x3fn),
  GITS_BASER0: (its) => tableValues((choice) => deviceBaser(its, choice)),
  GITS_BASER1: (its) => tableValues(({ pages }) => baser(collectionTableAt(its), { indirect: false, pages })),
  GITS_BASER2: () => anyWord,
  GITS_TYPER: () => anyWord,
}

function tableValues(of: (choice: TableChoice) => bigint): fc.Arbitrary<bigint> {
  const sane = fc.record({ indirect: fc.boolean(), pages: fc.constantFrom(1, 1, 2) }).map(of)
  return fc.oneof(
    { weight: 5, arbitrary: sane },
    { weight: 1, arbitrary: sane.map(clearValid) },
    { weight: 1, arbitrary: elsewhere.map((base) => baser(base, { indirect: false, pages: 1 })) },
    { weight: 1, arbitrary: anyWord },
  )
}

const lpiOfPools = fc.constantFrom(8192n, 8193n, 8196n, 8200n, 8191n)

export const itsRegisterWrite = fc
  .tuple(fc.constantFrom(...Object.keys(itsRegisterValues)), fc.nat(2))
  .chain(([reg, its]) => itsRegisterValues[reg]!(its).map((value) => ({ reg, its, value: hex(value) })))

const redistributorValues: Readonly<Record<string, (cpu: number) => fc.Arbitrary<bigint>>> = {
  GICR_CTLR: () => fc.constantFrom(0n, 1n, 1n),
  GICR_PROPBASER: () =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(16, 16, 14, 13, 32).map(propbaser) },
      { weight: 1, arbitrary: elsewhere.map((address) => GICR_PROPBASER.pack({ ...memory, address, idBits: 15 })) },
      { weight: 1, arbitrary: anyWord },
    ),
  GICR_INVLPIR: () => lpiOfPools,
  GICR_INVALLR: () => fc.constant(0n),
  GICR_PENDBASER: (cpu) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(pendbaser(cpu), pendbaser(cpu), pendbaser(cpu) | (1n << 62n)) },
      { weight: 1, arbitrary: elsewhere.map((address) => GICR_PENDBASER.pack({ ...memory, address })) },
    ),
}

export const redistributorWrite = fc
  .tuple(fc.constantFrom(...Object.keys(redistributorValues)), fc.nat(7))
  .chain(([reg, cpu]) => redistributorValues[reg]!(cpu).map((value) => ({ reg, cpu, value: hex(value) })))
