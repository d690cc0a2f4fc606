import {
  audit,
  type Confidence,
  deviceName,
  eventName,
  type Finding,
  type History,
  orphansOf,
  problemRow,
  type Remedy,
  type Scene,
  sweep,
} from '../audit/index.ts'
import type { Gpa } from '../memory/index.ts'
import type { TableView } from '../tables/index.ts'
import { type Blockage, blockage } from './blockage.ts'
import { mendChains } from './chains.ts'
import type { ChangedVm } from './changed-vm.ts'
import { wantedCollections, writeCollections } from './collection-list.ts'
import { type Cause, CLEARED, type Overlay, type Reason, type Word } from './overlay.ts'
import { rebuildDevices } from './rebuild.ts'
import type { RegisterOverlay } from './register-overlay.ts'
import type { RepairOptions } from './repair-options.ts'
import type { Spending } from './spending.ts'

const gentlestFirst: readonly (readonly Remedy[])[] = [
  // What a restore reads of an LPI follows from the registers.
  ['register'],
  ['fix', 'chain', 'collections'],
  ['history'],
  ['drop'],
]

/** The repair of one ITS under way: what was tried, and what it changed in the overlay. */
export class Mending {
  readonly #overlay: Overlay
  readonly #registers: RegisterOverlay
  readonly #options: RepairOptions
  readonly #view: TableView
  readonly #mostWork: number
  readonly #spending: Spending
  /** What the guest has mapped, as the repair found it: by its queue alone, and by all its witnesses. */
  readonly #history: History
  readonly #live: Scene['beliefs']['live']
  /** Why nothing is written from what the command queue says. */
  readonly #blocked: Blockage | undefined
  /** DeviceIDs; undefined for the whole ITS. */
  readonly #triedHistory = new Set<number | undefined>()
  /** The problem that touched the chain of the device table, and of each device's ITT. */
  #deviceChain: Cause | undefined
  readonly #eventChains = new Map<number, Cause>()

  constructor(scene: Scene, options: RepairOptions, { overlay, registers }: ChangedVm, spending: Spending) {
    this.#options = options
    this.#overlay = overlay
    this.#registers = registers
    this.#view = scene.view
    this.#mostWork = scene.share('sweep')
    this.#spending = spending
    this.#history = scene.beliefs.history
    this.#live = scene.beliefs.live
    this.#blocked = blockage(audit(scene).findings, 'history')
  }

  /** Writes everything anew from the history. @throws RangeError when the history does not hold everything. */
  rebuild(): void {
    const { state } = this.#history
    if (state !== 'whole') throw new RangeError(`the history of the command queue is ${state}, not whole`)
    if (this.#blocked !== undefined) throw new RangeError(`${this.#blocked.because} (${this.#blocked.code})`)
    this.#writeFromHistory('rebuild')
  }

  /**
   * Mends what is found in the ITS as it is now and the options allow, the gentlest remedies that change anything first: the
   * others may not be needed then. Returns true when a word changed.
   */
  step(scene: Scene): boolean {
    const { findings } = audit(scene)
    return gentlestFirst.some((kinds) => {
      let changed = false
      for (const finding of findings) changed = this.#mend(finding, kinds) || changed
      return this.#mendChains(scene, changed) || changed
    })
  }

  #mend(finding: Finding, kinds: readonly Remedy[]): boolean {
    const isMending = (remedy: Remedy) =>
      kinds.includes(remedy) && this.#isAllowed(finding, remedy) && this.#apply(finding, remedy)
    return problemRow(finding.code).remedies?.some(isMending) ?? false
  }

  #isAllowed(finding: Finding, remedy: Remedy): boolean {
    const { allow } = this.#options
    const { code, confidence, fix } = finding
    if (allow !== 'proven') return allow === 'everything' || allow.has(code)
    const isSure = confidence === 'proven' && fix.safe
    if (remedy === 'fix' || remedy === 'register') return isSure
    if (remedy === 'collections')
      return confidence === 'proven' && wantedCollections(this.#overlay, this.#view, this.#history).proven
    return remedy === 'chain' && (isSure || this.#isLive(finding))
  }

  #apply(finding: Finding, remedy: Remedy): boolean {
    const { code, deviceId, eventId, at } = finding
    switch (remedy) {
      case 'fix':
        return this.#write(finding, finding.fix.writes)
      case 'register':
        return this.#setRegisters(finding)
      case 'drop':
        // The guest uses it; no restore can bring it back, and it stands in the way of all others.
        return at !== undefined && this.#write(finding, [{ at, to: CLEARED }])
      case 'collections':
        return writeCollections(this.#overlay, this.#view, wantedCollections(this.#overlay, this.#view, this.#history), code)
      case 'history':
        return this.#fromHistory(finding)
      case 'chain':
        this.#touch(eventId === undefined ? 'DTE' : 'ITE', deviceId!, code)
        // Of a device that nobody knows, nobody knows either which events are its own.
        if (problemRow(code).perhaps === true) this.#touch('ITE', deviceId!, code)
        // The chains are mended together, after everything else of this round.
        return false
    }
  }

  /** Writes a device anew, or everything when no single device is to blame; each is tried once. */
  #fromHistory({ code, deviceId }: Finding): boolean {
    const isTold = deviceId !== undefined || this.#history.state === 'whole'
    if (!isTold || this.#blocked !== undefined || this.#triedHistory.has(deviceId)) return false
    this.#triedHistory.add(deviceId)
    return this.#writeFromHistory(code, deviceId === undefined ? undefined : new Set([deviceId]))
  }

  /** Writes entries of a device as a finding asks for. */
  #write(finding: Finding, writes: readonly { readonly at: Gpa; readonly from?: Word; readonly to: Word }[]): boolean {
    const { code, entries, confidence, says, evidence } = finding
    const { deviceId } = finding
    let changed = false
    for (const write of writes) {
      const { at } = write
      // What is found about an event of a dead device is mended in the DTE, which the finding need not list.
      const entry = entries.find((one) => one.at === at)
      const kind = entry?.kind ?? 'DTE'
      const isNamed = kind === 'DTE' || kind === 'ITE'
      const id = !isNamed ? entry!.id : kind === 'DTE' ? deviceName(deviceId!) : eventName(deviceId!, finding.eventId!)
      const to = kind === 'pending' ? withBits(this.#overlay.word(at), write) : write.to
      const proven = confidence === 'proven'
      const of = deviceId === undefined ? {} : { deviceId }
      const reason: Reason = { code, kind, id, ...of, because: 'finding', why: says, proven, evidence }
      if (!this.#overlay.put(at, to, reason)) continue
      // A chain leads over a head and over pending bits.
      if (isNamed) this.#touch(kind, deviceId!, code)
      changed = true
    }
    return changed
  }

  #setRegisters({ code, confidence, says, evidence, fix }: Finding): boolean {
    const because = { code, why: says, proven: confidence === 'proven', evidence }
    let changed = false
    for (const write of fix.registers ?? []) {
      changed = this.#registers.put({ ...write, ...because, id: `vCPU ${write.vcpuId}` }) || changed
    }
    return changed
  }

  /** Has the chain of the device table mended, or that of a device's ITT. */
  #touch(kind: 'DTE' | 'ITE', deviceId: number, code: Cause): void {
    if (kind === 'DTE') this.#deviceChain ??= code
    else if (!this.#eventChains.has(deviceId)) this.#eventChains.set(deviceId, code)
  }

  #writeFromHistory(code: Cause, only?: ReadonlySet<number>): boolean {
    const before = this.#overlay.changes
    const wanted = wantedCollections(this.#overlay, this.#view, this.#history)
    if (only === undefined) writeCollections(this.#overlay, this.#view, wanted, code)
    rebuildDevices(this.#overlay, this.#view, this.#history, {
      code,
      mostWork: this.#mostWork,
      spending: this.#spending,
      icids: new Set(wanted.targets.keys()),
      ...(only && { only }),
    })
    this.#deviceChain ??= code
    for (const deviceId of only ?? this.#history.devices.keys()) this.#eventChains.set(deviceId, code)
    return this.#overlay.changes !== before
  }

  /** `changed`: since `scene` was set. */
  #mendChains(scene: Scene, changed: boolean): boolean {
    const seal = this.#options.seal === true
    const { orphans } = orphansOf(scene)
    const tables = changed ? sweep(this.#overlay.memory, this.#view, this.#mostWork) : scene.tables
    if (changed) this.#spending.account.pay(tables.work)
    const { mappings } = tables
    // A chain that passes by what is only inferred to be dead would take it out as well, and the next audit would call that proof.
    const isEnough = (confidence: Confidence) => confidence === 'proven' || this.#options.allow !== 'proven'
    return mendChains(this.#overlay, mappings, {
      isDeadDevice: (deviceId) => orphans.hasDevice(deviceId) && isEnough(orphans.deviceConfidence(deviceId)),
      isDeadEvent: (deviceId, eventId) =>
        orphans.hasEvent(deviceId, eventId) && isEnough(orphans.eventConfidence(deviceId, eventId)),
      deviceChain: this.#deviceChain,
      eventChains: this.#eventChains,
      indirect: this.#view.deviceTable.indirect,
      seal,
    })
  }

  #isLive({ deviceId, eventId }: Finding): boolean {
    return eventId === undefined ? this.#live.hasDevice(deviceId!) : this.#live.hasEvent(deviceId!, eventId)
  }
}

/** The bits that a write changes: others in the same word are of other LPIs, and other findings may have changed them. */
function withBits(now: Word, { from = now, to }: { readonly from?: Word; readonly to: Word }): Word {
  const half = (i: 0 | 1) => now[i] ^ ((now[i] ^ to[i]) & (from[i] ^ to[i]))
  return [half(0), half(1)]
}
