import { parseRelease, type Release, type Series } from './releases.ts'

/**
 * Which patch level the kernels of Debian 11 and 12 are: the name has the number of their ABI instead. The first version of each ABI;
 * later ones of the same ABI do not differ in the ITS. @source debian/changelog of linux 5.10.223-1 and 6.1.192-2
 */
const patchOfAbi: Readonly<Record<Series, readonly number[]>> = {
  '5.10': [
    0, 4, 9, 12, 19, 24, 28, 38, 46, 70, 84, 92, 103, 106, 113, 120, 127, 136, 140, 148, 158, 162, 178, 179, 179, 191, 197, 205,
    209, 216, 218, 221, 223,
  ],
  '6.1': [
    0, 4, 7, 8, 11, 12, 15, 20, 25, 27, 37, 38, 52, 55, 64, 66, 67, 69, 76, 82, 85, 90, 94, 98, 106, 106, 112, 115, 119, 123, 124,
    128, 129, 133, 135, 137, 139, 140, 147, 148, 153, 158, 159, 162, 164, 170, 170, 170, 172, 174, 176, 177, 180, 187, 190, 192,
    192,
  ],
}

/** The release of a Debian kernel by its series and ABI: `6.1`, 28 is 6.1.119. Undefined where that is not in the changelogs read. */
export function debianRelease(series: string, abi: number): Release | undefined {
  const patch = patchOfAbi[series as Series]?.[abi]
  return patch === undefined ? undefined : parseRelease(`${series}.${patch}`)
}

/** The newest release of a series that its changelog had. */
export function newestDebianRelease(series: string): Release | undefined {
  const patch = patchOfAbi[series as Series]?.at(-1)
  return patch === undefined ? undefined : parseRelease(`${series}.${patch}`)
}
