import type { Gpa, GpaRange, ReadonlyMemory } from '../memory/index.ts'

/** What the driver asked to be told of. */
export type Asked =
  /** The buffer at index `event`, which stands at `eventAt`. `ahead`: how far the device is past it; 0 when it has not used that one yet. */
  | { readonly by: 'index'; readonly event: number; readonly eventAt: Gpa; readonly ahead: number }
  /** Every buffer, or none: the ring does not tell which of them it has taken out. */
  | { readonly by: 'flag'; readonly wants: boolean }

/** What a ring tells of notifications. */
export interface RingState {
  readonly asked: Asked
  /** The index of the next used buffer: a running count mod 2^16, or the descriptor of a packed ring. */
  readonly used: number
  /** Where that stands; of a packed ring the flags of the descriptor that the device takes next. */
  readonly usedAt: Gpa
  /** Buffers that the device has not taken yet; of a packed ring 1 when there are any. */
  readonly waiting: number
  /** The driver had to tell the device of them. */
  readonly isKicked: boolean
}

/** Why a ring tells nothing. `disagrees`: it is not the ring that the device saved, or a page of it is lost. */
export interface Unjudged {
  readonly unjudged: 'unset' | 'elsewhere' | 'uncounted' | 'outside RAM' | 'not loaded' | 'disagrees'
}

export function isThere(memory: ReadonlyMemory, ranges: readonly GpaRange[]): Unjudged['unjudged'] | undefined {
  if (!ranges.every(({ base, bytes }) => memory.contains(base, bytes))) return 'outside RAM'
  return ranges.every(({ base, bytes }) => memory.isLoaded(base, bytes)) ? undefined : 'not loaded'
}

/** Rings are little-endian. */
export const u16 = (memory: ReadonlyMemory, at: Gpa): number => memory.u8(at) | (memory.u8((at + 1) as Gpa) << 8)
