import { FormatError } from '../format-error.ts'

/** What a file keeps at `place` of `what` is not what was found: u32 values, or bytes of a longer checksum. */
export function wrongSum<Sum extends number | Uint8Array>(
  place: number,
  what: string,
  { found, kept }: { readonly found: Sum; readonly kept: Sum },
): FormatError {
  return new FormatError(place, `the checksum of ${what}, ${hex(found)}`, `${hex(kept)}: the file is damaged`)
}

function hex(sum: number | Uint8Array): string {
  if (typeof sum === 'number') return `0x${sum.toString(16).padStart(8, '0')}`
  return Array.from(sum, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
