import { ENTRY_BYTES, L2_ENTRIES, type ProfileId, profileWithId, type Quirks } from '../abi/index.ts'
import type { Its } from '../its/index.ts'
import type { Gpa, GuestMemory } from '../memory/index.ts'
import { dteWords, type EntryWords, eventIdBits, iteWords } from './entry-words.ts'
import { LiveBytes } from './live-bytes.ts'
import { RamBytes } from './ram-bytes.ts'
import { RecordCodes, RecordShape } from './record.ts'
import { pagesOf, type Scope } from './scope.ts'
import { deviceBaser, dtePlace, type ScopeRam, scopeMemory, scopeRam } from './scope-ram.ts'
import { poweredOn, resetAndSetUp } from './set-up.ts'

/**
 * A VM of a scope: guest RAM, and an ITS for each kernel that may have it. A record is loaded into it and read back from it; between the two
 * core's own commands, saves and restores run on it.
 */
export class Model {
  readonly scope: Scope
  readonly ram: ScopeRam
  readonly shape: RecordShape
  readonly codes: RecordCodes
  readonly dtes: EntryWords
  readonly ites: EntryWords
  readonly memory: GuestMemory
  /** The kernels that may have the VM; a record counts them. */
  readonly kernels: readonly ProfileId[]
  /** Where the entries of a record lie, in its order. */
  readonly dteAt: readonly Gpa[]
  readonly iteAt: readonly Gpa[]
  readonly bytes: RamBytes
  readonly #live: LiveBytes
  readonly #itses: readonly Its[]
  /** What is loaded. */
  readonly #now: Uint8Array
  readonly #blank: Uint8Array

  constructor(scope: Scope) {
    this.scope = scope
    this.ram = scopeRam(scope)
    this.dteAt = dtePlaces(scope, this.ram)
    this.iteAt = this.ram.itts.flatMap((itt) => Array.from({ length: scope.events }, (_, e) => (itt + e * ENTRY_BYTES) as Gpa))
    this.shape = new RecordShape(scope, this.dteAt.length)
    this.codes = new RecordCodes(scope)
    this.dtes = dteWords(scope, this.ram)
    this.ites = iteWords(scope)
    this.memory = scopeMemory(this.ram, this.shape.firstLevel < 0)
    this.kernels = [scope.kernel, ...(scope.migratesTo ?? [])]
    this.#itses = this.kernels.map((id) => this.blankIts(profileWithId(id).quirks))
    this.#live = new LiveBytes(scope, this.shape, this.codes, this.ram, eventIdBits(scope))
    this.bytes = new RamBytes(scope, this)
    this.#now = new Uint8Array(this.shape.bytes)
    this.#blank = new Uint8Array(this.shape.bytes)
  }

  /** An ITS with nothing mapped, over the RAM of this VM. */
  blankIts(quirks: Quirks): Its {
    return poweredOn(this.scope.vcpus, this.ram, this.memory, quirks)
  }

  /** Which of `kernels` has the VM. */
  get kernel(): number {
    return this.shape.kernel < 0 ? 0 : this.#now[this.shape.kernel]!
  }

  /** The ITS of the kernel that has the VM. */
  get its(): Its {
    return this.#itses[this.kernel]!
  }

  /** The ITS of one of `kernels`; of those that do not have the VM nothing is mapped. */
  itsOf(kernel: number): Its {
    return this.#itses[kernel]!
  }

  /** Makes the VM what a record says. What is loaded must have been read by `store`, unless nothing ran since the last `load`. */
  load(record: Uint8Array): void {
    const { kernel } = this.shape
    if (kernel >= 0 && this.#now[kernel] !== record[kernel]) {
      this.#live.bring(this.its, this.#now, this.#blank)
      this.bytes.bring(this.#itses[record[kernel]!]!, this.#now, record)
      this.#now[kernel] = record[kernel]!
      this.#live.bring(this.its, this.#blank, record)
    } else {
      this.#live.bring(this.its, this.#now, record)
      this.bytes.bring(this.its, this.#now, record)
    }
    this.#now.set(record)
  }

  /**
   * Writes what the VM is into a record. False when that is no state of the scope; the next `load` makes it one all the same.
   */
  store(record: Uint8Array): boolean {
    this.bytes.read(this.its, this.#now, record)
    const isWhole = this.#live.read(this.its, record)
    if (isWhole) this.#now.set(record)
    else this.#forget(record)
    return isWhole
  }

  /** Gives the VM to another kernel, whose ITS has what `its` had: what a restore there made. */
  handOver(kernel: number): void {
    const { its } = this
    its.freeDevices()
    its.freeCollections()
    this.#now[this.shape.kernel] = kernel
  }

  /** Brings the VM to where histories begin, whatever was done to what a record holds. */
  clear(): void {
    for (const its of this.#itses) resetAndSetUp(its, this.ram, deviceBaser(this.ram, 0))
    this.#now.fill(0)
    this.bytes.clear()
  }

  /** What `its` has mapped, as the first bytes of a record say it; false when those cannot. */
  storeMapped(its: Its, record: Uint8Array): boolean {
    return this.#live.read(its, record)
  }

  /** What is mapped is no record: nothing is, and RAM is what was read. */
  #forget(record: Uint8Array): void {
    this.#unmapAll()
    const { dtes, lpis } = this.shape
    this.#now.set(record)
    this.#now.fill(0, 0, dtes)
    if (lpis >= 0) this.#now.fill(0, lpis, lpis + this.scope.lpis)
  }

  #unmapAll(): void {
    for (const its of this.#itses) {
      its.freeDevices()
      its.freeCollections()
    }
  }
}

/** Where DTEs and heads of device tables may lie: of each table the devices' places, and its first where a head may be in it. */
function dtePlaces(scope: Scope, ram: ScopeRam): Gpa[] {
  const isHeaded = scope.save.endsWith('heads') || [scope.kernel, ...(scope.migratesTo ?? [])].includes('proposal-2024')
  const heads = scope.deviceTable === 'flat' ? [0] : Array.from({ length: pagesOf(scope) }, (_, page) => page * L2_ENTRIES)
  const ids = isHeaded ? [...heads.filter((id) => !scope.deviceIds.includes(id)), ...scope.deviceIds] : scope.deviceIds
  return ram.deviceTables.flatMap((_, table) => ids.map((id) => dtePlace(ram, table, id)))
}
