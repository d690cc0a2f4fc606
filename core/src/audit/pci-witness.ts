import { type GicRegisters, itsCount, type MsiFunction } from '../abi/index.ts'

/** What one witness says of a device or an event. */
export type Testimony = 'mapped' | 'unmapped' | 'silent'

/** What the MSI state of the PCI functions with one DeviceID says of one ITS. */
export interface PciTestimony {
  readonly device: Testimony
  /** EventIDs of the vectors that are set to the ITS. */
  readonly events: ReadonlySet<number>
  /** It speaks for every event: what no vector names is not mapped. */
  readonly whole: boolean
}

/**
 * What the functions say of the ITS at `index`, by DeviceID. Functions behind a bridge to conventional PCI have one together: their
 * events add up, and none speaks for what another may have mapped. DeviceIDs are each ITS's own: of a VM with several, a function
 * tells only of the ITS that its vectors are set to, and without such a vector of none.
 */
export function pciTestimonies(
  registers: GicRegisters,
  index: number,
  functions: readonly MsiFunction[],
): ReadonlyMap<number, PciTestimony> {
  const found = new Map<number, PciTestimony>()
  for (const part of inUse(functions)) {
    const said = testimony(part, index)
    if (itsCount(registers) > 1 && said.events.size === 0 && said.whole) continue
    const before = found.get(part.deviceId)
    found.set(part.deviceId, before === undefined ? said : together(before, said))
  }
  return found
}

/** A function may have both MSI and MSI-X: where one is enabled, the other says nothing. */
function inUse(functions: readonly MsiFunction[]): readonly MsiFunction[] {
  const enabled = new Set(functions.filter((part) => part.enabled).map(({ name }) => name))
  return functions.filter((part) => part.enabled || !enabled.has(part.name))
}

/**
 * A function with MSI-X or MSI enabled has its device mapped, with the events its vectors name. One that is disabled and has no
 * vector set has no event: drivers disable MSI before they free it. Its device may stay mapped: Linux from 6.16 on maps the next
 * events without a MAPD. Disabled with vectors set says nothing; a vector that is set to
 * what is no ITS known here may name any event.
 */
function testimony({ enabled, vectors }: MsiFunction, index: number): PciTestimony {
  const set = vectors.filter(({ target }) => target.kind !== 'unset')
  if (!enabled) return { device: 'silent', events: new Set(), whole: set.length === 0 }
  const events = new Set(set.filter(({ target }) => 'its' in target && target.its === index).map(({ data }) => data))
  const whole = set.every(({ target }) => target.kind !== 'elsewhere')
  return { device: whole || events.size > 0 ? 'mapped' : 'silent', events, whole }
}

function together(a: PciTestimony, b: PciTestimony): PciTestimony {
  const said = [a.device, b.device]
  const device = said.includes('mapped') ? 'mapped' : said.includes('silent') ? 'silent' : 'unmapped'
  return { device, events: new Set([...a.events, ...b.events]), whole: a.whole && b.whole }
}
