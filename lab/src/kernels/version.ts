/** `6.12.9` before `6.12.43`, `7.3-rc7` before `7.3` and `7.3.4`. */
export function byVersion(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  for (let n = 0; n < Math.max(left.length, right.length); n++) {
    const difference = (left[n] ?? 0) - (right[n] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** A release candidate counts down to its release. */
const numbersOf = (version: string) =>
  version.split(/[.-]/).map((part) => (part.startsWith('rc') ? Number(part.slice(2)) - 100 : Number(part) || 0))

/** `6.12` of `6.12.117`, `7.3` of `7.3-rc7`. */
export const seriesOf = (version: string) => /^\d+\.\d+/.exec(version)?.[0] ?? version

/** `6.12.43` of Debian's `6.12.43-1~bpo12+1`, `7.3-rc7` of `7.3~rc7-1~exp1`. */
export const upstreamOf = (packaged: string) => packaged.replace(/-[^-]*$/, '').replace('~', '-')
