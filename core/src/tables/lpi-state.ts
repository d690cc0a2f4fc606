import { FIRST_LPI, GICR_PENDBASER, GICR_PROPBASER, type GicRegisters, ID_LIMIT, LPI_CONFIG } from '../abi/index.ts'
import type { Gpa, ReadCursor, ReadonlyMemory } from '../memory/index.ts'

/** Why a byte of guest RAM was not read: it is no RAM, or it was not loaded, because that was more than may be looked at. */
export type Unread = 'outside RAM' | 'not loaded'

/** The pending bit of an LPI in the table of one vCPU. */
export interface PendingBit {
  /** The byte that holds it. */
  readonly at: Gpa
  /** Its number in that byte. */
  readonly bit: number
  /** Undefined where it was not read. */
  readonly isSet: boolean | undefined
  readonly unread: Unread | undefined
}

/** What the LPI configuration table holds of one LPI. */
export interface LpiConfiguration {
  readonly at: Gpa
  /** Undefined where it was not read. */
  readonly isEnabled: boolean | undefined
  /** 0, the highest, to 0xfc. */
  readonly priority: number | undefined
  readonly unread: Unread | undefined
}

/**
 * The pending bit of an LPI for the vCPU that RDbase `vcpuId` names: where a restore reads whether the LPI is pending when the event that
 * has it goes to that vCPU, and where a save writes it. Undefined without such a vCPU.
 *
 * @source Linux arch/arm64/kvm/vgic/vgic-v3.c, vgic_v3_lpi_sync_pending_status and vgic_v3_save_pending_tables
 */
export function pendingBit(
  memory: ReadonlyMemory,
  { redistributors }: GicRegisters,
  vcpuId: number,
  lpi: number,
): PendingBit | undefined {
  const redistributor = redistributors.find((one) => one.vcpuId === vcpuId)
  if (redistributor === undefined) return undefined
  const { address } = GICR_PENDBASER.unpack(redistributor.pendbaser)
  const at = (address + Math.floor(lpi / 8)) as Gpa
  const bit = lpi % 8
  const unread = whyUnread(memory, at)
  return { at, bit, isSet: unread === undefined ? ((memory.u8(at) >>> bit) & 1) === 1 : undefined, unread }
}

/** The aligned 64-bit word that holds a pending bit, as its halves, and the word with the bit set or cleared. */
export interface PendingWord {
  readonly at: Gpa
  readonly from: readonly [lo: number, hi: number]
  readonly to: readonly [lo: number, hi: number]
}

/** The write that sets a pending bit, or clears it, and changes no other. @throws KvmError EFAULT outside RAM. */
export function pendingWord(
  memory: Pick<ReadonlyMemory, 'u32'>,
  { at, bit }: Pick<PendingBit, 'at' | 'bit'>,
  isSet: boolean,
): PendingWord {
  const word = (at - (at % 8)) as Gpa
  const from = [memory.u32(word), memory.u32((word + 4) as Gpa)] as const
  const half = at % 8 < 4 ? 0 : 1
  const mask = 1 << ((at % 4) * 8 + bit)
  const changed = (isSet ? from[half] | mask : from[half] & ~mask) >>> 0
  return { at: word, from, to: half === 0 ? [changed, from[1]] : [from[0], changed] }
}

const { enable, priority } = LPI_CONFIG.fields

/** Tells of LPIs whether each is enabled, and its priority. KVM has one GICR_PROPBASER for the whole VM. */
export function lpiConfigurations(memory: ReadonlyMemory, { redistributors }: GicRegisters): (lpi: number) => LpiConfiguration {
  const { address } = GICR_PROPBASER.unpack(redistributors[0]?.propbaser ?? 0n)
  return (lpi) => {
    const at = (address + lpi - FIRST_LPI) as Gpa
    const unread = whyUnread(memory, at)
    if (unread !== undefined) return { at, isEnabled: undefined, priority: undefined, unread }
    const byte = memory.u8(at)
    return { at, isEnabled: enable.get(byte, 0) === 1, priority: priority.get(byte, 0), unread }
  }
}

/** The same of one LPI. */
export const lpiConfiguration = (memory: ReadonlyMemory, registers: GicRegisters, lpi: number): LpiConfiguration =>
  lpiConfigurations(memory, registers)(lpi)

function whyUnread(memory: ReadonlyMemory, at: Gpa, bytes = 1): Unread | undefined {
  if (!memory.contains(at, bytes)) return 'outside RAM'
  return memory.isLoaded(at, bytes) ? undefined : 'not loaded'
}

/** 32-bit words of a pending table, and the one that holds the first LPI: what lies before is the redistributor's own. */
const WORDS = ID_LIMIT / 32
const FIRST_WORD = FIRST_LPI / 32

/** What is pending in one table. */
export interface PendingLpis {
  /** The LPIs whose bits are set, in order; none where not all of the table was read. */
  readonly lpis: readonly number[]
  readonly unread: Unread | undefined
}

/** The LPIs whose bits are set in the pending table that a redistributor has. */
export function pendingLpis(memory: ReadonlyMemory, pendbaser: bigint): PendingLpis {
  const table = GICR_PENDBASER.unpack(pendbaser).address
  const unread = whyUnread(memory, (table + FIRST_WORD * 4) as Gpa, (WORDS - FIRST_WORD) * 4)
  const lpis: number[] = []
  if (unread !== undefined) return { lpis, unread }
  const cursor = memory.cursor()
  for (let word = FIRST_WORD; word < WORDS; ) {
    cursor.seek((table + word * 4) as Gpa)
    const left = (WORDS - word) / 2
    const zeros = cursor.knownZeros(left)
    const run = zeros > 0 ? zeros : Math.min(cursor.run, left)
    if (zeros === 0) addBits(cursor, word * 32, 2 * run, lpis)
    word += 2 * run
  }
  return { lpis, unread }
}

/** Adds the numbers of the bits that are set in `count` 32-bit words from the cursor on, of which the first has bit `first`. */
function addBits({ words, index }: ReadCursor, first: number, count: number, found: number[]): void {
  for (let word = 0; word < count; word++) {
    for (let bits = words[index + word]!; bits !== 0; bits &= bits - 1)
      found.push(first + word * 32 + 31 - Math.clz32(bits & -bits))
  }
}
