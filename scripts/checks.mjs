/** The linter, the types, the import law and what nobody uses. */
export const checks = [
  ['biome', 'biome', 'check', '--error-on-warnings', '.'],
  ['tsc', 'tsc', '-p', 'tsconfig.json'],
  ['tsc explorer', 'tsc', '-p', 'explorer/tsconfig.json'],
  ['dependency-cruiser', 'depcruise', '--config', '.dependency-cruiser.cjs', 'core/src', 'cli/src', 'explorer/src', 'lab'],
  ['knip', 'knip'],
]
