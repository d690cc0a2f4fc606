import { GITS_TRANSLATER, type GicRegisters, itsCount, type MsiFunction, savedIts } from '../abi/index.ts'

/** What the MSI state of a PCI function says of one ITS. */
export interface PciWitness {
  readonly deviceId: number
  readonly enabled: boolean
  /** EventIDs of the vectors that are set to the doorbell of the ITS. */
  readonly eventIds: readonly number[]
}

/**
 * The functions that are witnesses for the ITS at `index`. DeviceIDs are each ITS's own: of a VM with several, a function tells only
 * of the ITS whose doorbell its vectors are set to, and without such a vector of none.
 */
export function pciWitnesses(registers: GicRegisters, index: number, functions: readonly MsiFunction[]): PciWitness[] {
  const rings = doorbell(registers, index)
  const witnesses = functions.map(({ deviceId, enabled, vectors }) => ({
    deviceId,
    enabled,
    eventIds: vectors.filter(({ address }) => rings(address)).map(({ data }) => data),
  }))
  return itsCount(registers) === 1 ? witnesses : witnesses.filter(({ eventIds }) => eventIds.length > 0)
}

/** Tells the addresses that are the ITS's GITS_TRANSLATER, as far as it is known where the ITSes are. */
function doorbell(registers: GicRegisters, index: number): (address: bigint) => boolean {
  const { base } = savedIts(registers, index)
  if (itsCount(registers) === 1) return isTranslater
  if (base !== undefined) return (address) => address === BigInt(base + GITS_TRANSLATER)
  const others = registers.itses.map((its) => (its.base === undefined ? undefined : BigInt(its.base + GITS_TRANSLATER)))
  return (address) => isTranslater(address) && !others.includes(address)
}

/** GITS_TRANSLATER stands at the same place of every 64 KiB translation page. */
const isTranslater = (address: bigint): boolean => address !== 0n && (address & 0xffffn) === BigInt(GITS_TRANSLATER & 0xffff)
