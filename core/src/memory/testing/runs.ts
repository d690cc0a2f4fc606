const { VITS_EVERY, VITS_LONG } = process.env
const isEvery = VITS_EVERY !== undefined || VITS_LONG !== undefined

/** How often a property is tried: `often` times in `npm run test:every`, a third of it in `npm test`, a hundred times it in `npm run test:long`. */
export function runs(often: number): number {
  if (VITS_LONG !== undefined) return often * 100
  return isEvery ? often : Math.ceil(often / 3)
}

/** How far the places are apart at which a process is stopped or killed: `apart` in `npm test`; `npm run test:every` asks at every one. */
export const stride = (apart: number): number => (isEvery ? 1 : apart)

/** Of a list, every one in `npm run test:every`, and otherwise the first of each `apart`. */
export const sampled = <T>(list: readonly T[], apart: number): readonly T[] => list.filter((_, i) => i % stride(apart) === 0)
