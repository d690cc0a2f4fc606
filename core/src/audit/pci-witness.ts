import { GITS_TRANSLATER, type GicRegisters, itsCount, type MsiFunction, type MsiTarget, type MsixVector } from '../abi/index.ts'
import { PAGE_BYTES } from '../memory/index.ts'
import { answer, type PciAnswer } from './answer.ts'
import type { GuestKind } from './guest-kind.ts'
import type { DeviceRecord } from './replay.ts'
import type { RuleOf } from './witness-rules.ts'

/** What the MSI state of the PCI functions with one DeviceID says of one ITS. */
export interface PciTestimony {
  readonly device: PciAnswer
  /** Of the EventIDs that its vectors name. */
  readonly events: ReadonlyMap<number, PciAnswer>
  /** Of every other event. */
  readonly others: PciAnswer
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
  guest: GuestKind,
): ReadonlyMap<number, PciTestimony> {
  const found = new Map<number, PciTestimony>()
  for (const part of inUse(functions)) {
    const said = testimony(part, index, guest)
    if (itsCount(registers) > 1 && said.events.size === 0 && !isSetElsewhere(part)) continue
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

const isSet = ({ target }: MsixVector): boolean => target.kind !== 'unset'
const isElsewhere = ({ target }: MsixVector): boolean => target.kind === 'elsewhere'
const isSetElsewhere = ({ kind, enabled, vectors }: MsiFunction): boolean =>
  kind === 'unread' || (enabled ? vectors.some(isElsewhere) : vectors.some(isSet))

function testimony(part: MsiFunction, index: number, guest: GuestKind): PciTestimony {
  const { kind, enabled, vectors } = part
  if (kind === 'unread') return { device: answer('R-pci-alias'), events: new Map(), others: answer('R-pci-alias') }
  const others = answer(ruleOfOthers(part, guest))
  if (!enabled) return { device: answer('R-pci-kept'), events: new Map(), others }
  const events = new Map<number, PciAnswer>()
  for (const [i, vector] of vectors.entries()) {
    const rule = ruleOfVector(part, vector, i, index)
    if (rule === undefined || events.get(vector.data)?.says === 'live') continue
    events.set(vector.data, answer(rule))
  }
  const isOn = !vectors.some(isElsewhere) || [...events.values()].some(({ says }) => says === 'live')
  return { device: answer(isOn ? 'R-pci-on' : 'R-pci-elsewhere'), events, others }
}

/** What a vector of an enabled function says of the event that is its data; undefined where it is another's. */
function ruleOfVector(
  { kind, vectors }: MsiFunction,
  { target, address, masked }: MsixVector,
  message: number,
  index: number,
): RuleOf<'PCI state'> | undefined {
  if (target.kind === 'elsewhere') return Number(address % PAGE) === GITS_TRANSLATER % PAGE_BYTES ? 'R-pci-page' : undefined
  if (target.kind === 'unset' || target.its !== index) return undefined
  if (masked) return 'R-pci-masked'
  if (kind === 'MSI' && vectors.length > 1 && message > vectors.length / 2) return 'R-pci-multi'
  return ruleOfTarget(target)
}

/** What lets a vector that is set for an ITS speak. */
export const ruleOfTarget = ({ kind }: MsiTarget) => (kind === 'translated' ? 'R-pci-iova' : 'R-pci-vector')

const PAGE = BigInt(PAGE_BYTES)

function ruleOfOthers({ enabled, asleep, vectors }: MsiFunction, guest: GuestKind): RuleOf<'PCI state'> {
  if (!enabled && vectors.some(isSet)) return 'R-pci-stale'
  if (vectors.some(isElsewhere)) return 'R-pci-elsewhere'
  if (guest !== 'Linux') return 'R-pci-guest'
  if (asleep === true) return 'R-pci-asleep'
  return enabled ? 'R-pci-none' : 'R-pci-off'
}

function together(a: PciTestimony, b: PciTestimony): PciTestimony {
  const events = new Map(a.events)
  for (const [eventId, said] of b.events) if (events.get(eventId)?.says !== 'live') events.set(eventId, said)
  const isSilent = a.others !== b.others && [a, b].some(({ others }) => others.says === 'silent')
  return {
    device: a.device.says === 'live' ? a.device : b.device,
    events,
    others: isSilent ? answer('R-pci-alias') : a.others,
  }
}

/**
 * Whether what the ring tells of a device is of the life that its functions live: they are set to just these events, or are off and
 * have none. Undefined where they do not tell.
 */
export function isOfThisLife({ events, others }: PciTestimony, { events: told }: DeviceRecord): boolean | undefined {
  if (others.rule === 'R-pci-off') return told.size === 0 ? undefined : false
  const live = [...events].filter(([, { says }]) => says === 'live')
  const isSame = live.length === told.size && live.every(([eventId]) => told.has(eventId))
  return others.says === 'dead' && live.length > 0 && isSame ? true : undefined
}
