import { CTE, DTE, ENTRY_BYTES, hex, hexWord, ITE } from '@vits/core/abi'
import { audit, type Finding, headsOf, headWords, type Scene } from '@vits/core/audit'
import type { Gpa } from '@vits/core/memory'
import { lpiConfiguration, objections, pendingBit } from '@vits/core/tables'
import { l1EntryOf, pathOf, scanOf, slotOf } from './scan.ts'
import { commandsNaming, type DeviceCommand } from './timeline.ts'

/** One link of the chain that leads from a DeviceID to a vCPU. */
export interface Link {
  readonly title: string
  /** Where it lies in guest RAM, and the word there. */
  readonly at?: string
  readonly word?: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** What is wrong with it, in the words of the findings about that very entry. */
  readonly broken: readonly string[]
}

/** The way of an interrupt from its DeviceID and EventID to a vCPU, and what the guest did. */
export interface Chain {
  readonly deviceId: number
  readonly eventId: number | undefined
  /** `The disk at 01:00.1`. */
  readonly subject: string
  /** What its event tells the driver of: `request queue 0`; empty where the file does not tell. */
  readonly role: string
  /** What the witnesses say, each with what it says: `command queue: live`. */
  readonly witnesses: readonly string[]
  readonly links: readonly Link[]
  readonly commands: readonly DeviceCommand[]
}

/** Commands that are listed. */
const MOST_COMMANDS = 12

/** The chain of an event; of a device alone as far as that has one. */
export function chainOf(scene: Scene, deviceId: number, eventId: number | undefined): Chain {
  const links = new Links(scene, deviceId, eventId)
  return {
    deviceId,
    eventId,
    subject: capital(scene.names.subject(deviceId)),
    role: eventId === undefined ? '' : scene.names.roles(deviceId, eventId).join(', '),
    witnesses: witnessWords(scene, deviceId, eventId),
    links: links.all(),
    commands: commandsNaming(scene, deviceId, MOST_COMMANDS),
  }
}

const capital = (words: string): string => words.charAt(0).toUpperCase() + words.slice(1)

function witnessWords({ beliefs }: Scene, deviceId: number, eventId: number | undefined): string[] {
  const { queue, pci, kernel } = eventId === undefined ? beliefs.device(deviceId) : beliefs.event(deviceId, eventId)
  const said = [
    ['command queue', queue],
    ['PCI state', pci],
    ['guest kernel', kernel],
  ] as const
  return said.filter(([, { says }]) => says !== 'silent').map(([who, { says }]) => `${who}: ${says}`)
}

/** The links of one chain, each with what is wrong with it. */
class Links {
  readonly #scene: Scene
  readonly #deviceId: number
  readonly #eventId: number | undefined
  readonly #findings: readonly Finding[]

  constructor(scene: Scene, deviceId: number, eventId: number | undefined) {
    this.#scene = scene
    this.#deviceId = deviceId
    this.#eventId = eventId
    this.#findings = audit(scene).findings.filter(({ severity }) => severity !== 'note')
  }

  all(): readonly Link[] {
    const dteAt = this.#dteAt()
    return [
      this.#device(),
      ...this.#l1(),
      this.#dte(dteAt),
      ...(this.#eventId === undefined ? [] : [...this.#ite(this.#eventId), ...this.#target(this.#eventId)]),
    ]
  }

  /** What findings and KVM itself say of the entry at an address. */
  #broken(at: Gpa | undefined): string[] {
    if (at === undefined) return []
    const { objection } = this.#scene.restored
    const objects = objection?.where.at === at ? [`${objections[objection.name].errno}: ${objections[objection.name].says}`] : []
    const says = this.#findings.filter((finding) => finding.at === at).map((finding) => finding.says)
    return [...new Set([...objects, ...says])]
  }

  #word(at: Gpa): { readonly lo: number; readonly hi: number } | undefined {
    const { memory } = this.#scene
    if (!memory.contains(at, ENTRY_BYTES) || !memory.isLoaded(at, ENTRY_BYTES)) return undefined
    return { lo: memory.u32(at), hi: memory.u32((at + 4) as Gpa) }
  }

  #device(): Link {
    const id = this.#deviceId
    const label = this.#scene.names.label(id)
    const visit = scanOf(this.#scene).visits.get(id)
    return {
      title: 'DeviceID',
      fields: [
        ['id', hex(id)],
        ...(label === '' ? [] : [['PCI', label] as const]),
        ['the scan', visit === undefined ? scanWords[pathOf(scanOf(this.#scene), id)] : `${ordinal(visit.order)} that it reads`],
      ],
      broken: [],
    }
  }

  #l1(): Link[] {
    const entry = l1EntryOf(this.#scene, this.#deviceId)
    if (entry === undefined) return []
    const { index, at, lo, hi, page } = entry
    const head = headsOf(this.#scene).find((one) => one.kind === 'DTE' && one.at === page)
    return [
      {
        title: `L1[${index}], first level`,
        at: hex(at),
        word: hexWord(lo, hi),
        fields: [
          ['page', page === undefined ? 'not valid' : hex(page)],
          ...(head === undefined ? [] : [['head', headWords(head)] as const]),
        ],
        broken: [
          ...(page === undefined ? ['The first-level entry is not valid: the device table has no page there.'] : []),
          ...this.#broken(at),
        ],
      },
    ]
  }

  #dteAt(): Gpa | undefined {
    const { objection } = this.#scene.restored
    const read = scanOf(this.#scene).visits.get(this.#deviceId)?.entry.at
    const stopped =
      objection?.where.what === 'DTE' && objection.where.deviceId === this.#deviceId ? objection.where.at : undefined
    return read ?? this.#scene.tables.mappings.device(this.#deviceId)?.at ?? stopped ?? slotOf(this.#scene, this.#deviceId)
  }

  #dte(at: Gpa | undefined): Link {
    const title = 'Device table entry'
    const word = at === undefined ? undefined : this.#word(at)
    if (at === undefined || word === undefined) return { title, fields: [], broken: ['It has no place in guest RAM.'] }
    const { valid, next, ittAddr, size } = DTE.decode(word.lo, word.hi)
    const lies = { title, at: hex(at), word: hexWord(word.lo, word.hi) }
    if (!valid)
      return {
        ...lies,
        fields: [['V', '0']],
        broken: this.#isLive() ? ['The entry is not valid.', ...this.#broken(at)] : this.#broken(at),
      }
    const isOutside = slotOf(this.#scene, this.#deviceId) !== at
    const outside = isOutside ? ['The scan reads it here, where no entry of the device table stands.'] : []
    const fields = [
      ['V', '1'],
      ['next', nextWords(next)],
      ['ITT', hex(ittAddr)],
      ['EventID bits', String(size + 1)],
    ] as const
    return { ...lies, fields, broken: [...outside, ...this.#broken(at)] }
  }

  /** The ITT of a DTE that the scan reads outside the table. */
  #readItt(): number | undefined {
    const read = scanOf(this.#scene).visits.get(this.#deviceId)?.entry
    return read === undefined ? undefined : DTE.decode(read.lo, read.hi).ittAddr
  }

  #isLive(): boolean {
    const { live } = this.#scene.beliefs
    return this.#eventId === undefined ? live.hasDevice(this.#deviceId) : live.hasEvent(this.#deviceId, this.#eventId)
  }

  #ite(eventId: number): Link[] {
    const device = this.#scene.tables.mappings.device(this.#deviceId)
    const ittAddr = device?.ittAddr ?? this.#readItt() ?? this.#scene.beliefs.place(this.#deviceId).ittAddr
    const title = `ITT entry of event ${eventId}`
    if (ittAddr === undefined) return this.#isLive() ? [{ title, fields: [], broken: ['Nobody tells where its ITT is.'] }] : []
    const at = (ittAddr + eventId * ENTRY_BYTES) as Gpa
    const word = this.#word(at)
    if (word === undefined) return [{ title, at: hex(at), fields: [], broken: ['It is not in guest RAM.', ...this.#broken(at)] }]
    const { pintid, icid, next } = ITE.decode(word.lo, word.hi)
    const lies = { title, at: hex(at), word: hexWord(word.lo, word.hi) }
    if (pintid === 0)
      return [
        {
          ...lies,
          fields: [['LPI', '0, not valid']],
          broken: this.#isLive() ? ['The entry is not valid.', ...this.#broken(at)] : this.#broken(at),
        },
      ]
    return [
      {
        ...lies,
        fields: [
          ['next', nextWords(next)],
          ['LPI', String(pintid)],
          ['ICID', String(icid)],
        ],
        broken: this.#broken(at),
      },
    ]
  }

  #target(eventId: number): Link[] {
    const { tables, beliefs, memory, registers } = this.#scene
    const row = tables.mappings.row(this.#deviceId, eventId)
    const known = beliefs.target(this.#deviceId, eventId)
    const lpi = row < 0 ? known.lpi : tables.mappings.events.lpi[row]
    const icid = row < 0 ? known.icid : tables.mappings.events.icid[row]
    if (lpi === undefined || icid === undefined) return []
    const vcpuId = tables.mappings.collections.get(icid)
    const pending = vcpuId === undefined ? undefined : pendingBit(memory, registers, vcpuId, lpi)
    const configuration = lpiConfiguration(memory, registers, lpi)
    const config =
      configuration.unread ?? `${configuration.isEnabled ? 'enabled' : 'disabled'}, priority ${hex(configuration.priority ?? 0)}`
    return [
      {
        title: `LPI ${lpi}`,
        at: hex(configuration.at),
        fields: [
          ['configuration', config],
          ...(pending === undefined
            ? []
            : [['pending', pending.unread ?? (pending.isSet ? `yes (${hex(pending.at)} bit ${pending.bit})` : 'no')] as const]),
        ],
        broken: [],
      },
      this.#collection(icid, vcpuId),
      ...(vcpuId === undefined ? [] : [this.#vcpu(vcpuId)]),
    ]
  }

  #collection(icid: number, vcpuId: number | undefined): Link {
    const title = `Collection ${icid}`
    const at = this.#cteAt(icid)
    if (at === undefined || vcpuId === undefined)
      return { title, fields: [['vCPU', 'none']], broken: ['The collection table has no entry for it.'] }
    const word = this.#word(at)
    return {
      title,
      at: hex(at),
      ...(word && { word: hexWord(word.lo, word.hi) }),
      fields: [['RDbase', String(vcpuId)]],
      broken: this.#broken(at),
    }
  }

  /** Collections stand in any order, up to the first entry that is not valid. */
  #cteAt(icid: number): Gpa | undefined {
    const { base, bytes, valid } = this.#scene.view.collectionTable
    for (let at = base; valid && at < base + bytes; at += ENTRY_BYTES) {
      const word = this.#word(at as Gpa)
      if (word === undefined) return undefined
      const entry = CTE.decode(word.lo, word.hi)
      if (!entry.valid) return undefined
      if (entry.icid === icid) return at as Gpa
    }
    return undefined
  }

  #vcpu(vcpuId: number): Link {
    const { registers, view } = this.#scene
    const index = registers.redistributors.findIndex((one) => one.vcpuId === vcpuId)
    if (index < 0) return { title: `vCPU ${vcpuId}`, fields: [], broken: ['There is no such vCPU.'] }
    return { title: `vCPU ${vcpuId}`, fields: [['pending table', hex(view.lpiTables!.pending[index]!)]], broken: [] }
  }
}

const scanWords = {
  visited: 'reads it',
  stop: 'stops here',
  jumped: 'jumps over it',
  unreached: 'never comes so far',
  absent: 'has nothing to read',
} as const

const nextWords = (next: number): string => (next === 0 ? '0, the last' : `+${next}`)

export function ordinal(n: number): string {
  const teens = n % 100 >= 11 && n % 100 <= 13
  const suffix = teens ? 'th' : ({ 1: 'st', 2: 'nd', 3: 'rd' }[n % 10] ?? 'th')
  return `${n}${suffix}`
}
