/** How often a property is tried: `often` times in `npm test`, a hundred times that in `npm run test:long`. */
export function runs(often: number): number {
  return process.env['VITS_LONG'] === undefined ? often : often * 100
}

/** How far the places are apart at which a process is stopped or killed: `apart` in `npm test`; `npm run test:disk` asks at every one. */
export function stride(apart: number): number {
  return process.env['VITS_EVERY'] === undefined && process.env['VITS_LONG'] === undefined ? apart : 1
}
