/** How often a property is tried: `often` times in `npm test`, a hundred times that in `npm run test:long`. */
export function runs(often: number): number {
  return process.env['VITS_LONG'] === undefined ? often : often * 100
}
