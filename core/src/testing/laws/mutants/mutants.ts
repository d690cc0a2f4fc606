/** One change of the product's code that an exhaustive run must notice. */
export interface Mutant {
  readonly name: string
  /** From core/src on. */
  readonly file: string
  /** Stands in the file once. */
  readonly from: string
  readonly to: string
  /** Which run notices it: see `killers.ts`. */
  readonly killer: 'sealed saves' | 'saves with heads' | 'restores' | 'repairs' | 'repairs beside unmapped collections'
}

/** Five of saves, five of the walk, five of repairs. */
export const mutants: readonly Mutant[] = [
  {
    name: 'a sealed save leaves stale events in ITTs',
    file: 'seal/seal.ts',
    from: 'cleared += clearer.clear(base, 1 << bits)',
    to: '',
    killer: 'sealed saves',
  },
  {
    name: 'a sealed save leaves stale devices in the device table',
    file: 'seal/seal.ts',
    from: 'cleared += clearer.clear(base, entries)',
    to: 'void [base, entries]',
    killer: 'sealed saves',
  },
  {
    name: 'a sealed save clears one entry less of each ITT',
    file: 'seal/seal.ts',
    from: 'clearer.clear(base, 1 << bits)',
    to: 'clearer.clear(base, (1 << bits) - 1)',
    killer: 'sealed saves',
  },
  {
    name: 'a save with heads leaves the ITT of a device without events',
    file: 'seal/heads.ts',
    from: 'if (first < 0) this.#clearer.clear(base, 2 ** bits)\n    else putIteHead',
    to: 'if (first >= 0) putIteHead',
    killer: 'saves with heads',
  },
  {
    name: 'a save with heads leaves a device table without devices',
    file: 'seal/heads.ts',
    from: 'if (first === undefined) this.#clearer.clear(base, entries)\n      else if (first !== firstId)',
    to: 'if (first !== undefined && first !== firstId)',
    killer: 'saves with heads',
  },
  {
    name: 'the walk ends each ITT one entry early',
    file: 'tables/table-walk.ts',
    from: 'while (eventId < end) {',
    to: 'while (eventId < end - 1) {',
    killer: 'restores',
  },
  {
    name: 'the walk begins each ITT one entry late',
    file: 'tables/table-walk.ts',
    from: 'let eventId = 0\n    // EventIDs below',
    to: 'let eventId = 1\n    // EventIDs below',
    killer: 'restores',
  },
  {
    name: 'the walk jumps one device too far',
    file: 'tables/table-walk.ts',
    from: 'slot += step\n',
    to: 'slot += step + 1\n',
    killer: 'restores',
  },
  {
    name: 'the walk takes an entry that is not valid for the last',
    file: 'tables/table-walk.ts',
    from: 'slot += invalid\n        continue',
    to: 'return LAST',
    killer: 'restores',
  },
  {
    name: 'the walk takes the last event of a device for the last of the table',
    file: 'tables/table-walk.ts',
    from: 'if (end === LAST) return dteNext.get(lo, hi)',
    to: 'if (end === LAST) return LAST',
    killer: 'restores',
  },
  {
    name: 'a repair mends every finding but the first',
    file: 'repair/mending.ts',
    from: 'for (const finding of findings) changed =',
    to: 'for (const finding of findings.slice(1)) changed =',
    killer: 'repairs',
  },
  {
    name: 'a repair leaves a VM alone unless its restore fails',
    file: 'repair/plan.ts',
    from: "verdict !== 'restores' || typeof allow",
    to: "verdict === 'fails' || typeof allow",
    killer: 'repairs',
  },
  {
    name: 'a repair writes one entry too far',
    file: 'repair/overlay.ts',
    from: 'for (const { at, to } of this.writes) memory.setWord(at, to[0], to[1])',
    to: 'for (const { at, to } of this.writes) memory.setWord((at + 8) as Gpa, to[0], to[1])',
    killer: 'repairs',
  },
  {
    name: 'a repair writes the lower half of a word only',
    file: 'repair/overlay.ts',
    from: 'for (const { at, to } of this.writes) memory.setWord(at, to[0], to[1])',
    to: 'for (const { at, to } of this.writes) memory.setU32(at, to[0])',
    killer: 'repairs',
  },
  {
    name: 'a repair takes out events that nobody has disproved',
    file: 'repair/endangered.ts',
    from: 'set.addEvent(deviceId, eventId)',
    to: 'void [deviceId, eventId]',
    killer: 'repairs beside unmapped collections',
  },
]
