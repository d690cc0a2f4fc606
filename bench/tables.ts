// How fast are the tables saved and restored? One VM per row, warm: medians after the first runs of a row are dropped.
// Usage: tsx bench/tables.ts [--bits 5,8,12,13,16] [--cold]
import { execFileSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { GICR_PENDBASER, GICR_PROPBASER, GITS_BASER, L1E, profiles } from '@vits/core/abi'
import { COLLECTION_BASER, DEVICE_BASER, Gic, Its } from '@vits/core/its'
import { type Gpa, GuestMemory } from '@vits/core/memory'
import { seal, stampedHeads } from '@vits/core/seal'
import { type Heads, restoreTables, saveTables } from '@vits/core/tables'

const RAM = 0x4000_0000
const DEVICE_TABLE = RAM
const L2_PAGES = RAM + 0x1_0000
const COLLECTION_TABLE = RAM + 0x9_0000
const CONFIGURATION = RAM + 0x20_0000
const PENDING = RAM + 0x21_0000
const ITTS = RAM + 0x40_0000
const VCPUS = 4
const LPIS = 57344

/** Devices, each with its last `events` events mapped, in ITTs of 2^bits. */
interface Shape {
  readonly devices: number
  readonly events: number
  readonly bits: number
}

class Bench {
  readonly memory: GuestMemory
  readonly shape: Shape
  readonly ittBytes: number

  /** `isTouched`: every page of RAM was written before. */
  constructor(shape: Shape, isTouched = true) {
    this.shape = shape
    this.ittBytes = Math.max(256, 8 << shape.bits)
    this.memory = new GuestMemory([{ base: RAM as Gpa, bytes: 0x40_0000 + shape.devices * this.ittBytes }])
    // Pages never written need not be read.
    if (isTouched) {
      this.memory.fill(RAM as Gpa, this.memory.ranges[0]!.bytes, 1)
      this.memory.fill(RAM as Gpa, this.memory.ranges[0]!.bytes, 0)
    }
    this.memory.fill(CONFIGURATION as Gpa, 0x1_0000, 0xa1)
    for (let page = 0; page < 8; page++) {
      const { lo, hi } = L1E.encode({ l2Addr: L2_PAGES + page * 0x10000, valid: true })
      this.memory.setWord((DEVICE_TABLE + page * 8) as Gpa, lo, hi)
    }
  }

  /** An ITS whose registers are set and that has nothing mapped. */
  empty(): Its {
    const gic = new Gic({ memory: this.memory, quirks: profiles['linux-7.3'].quirks, vcpuIds: [0, 1, 2, 3] })
    const its = new Its(gic)
    gic.setPropbaser(GICR_PROPBASER.pack({ address: CONFIGURATION, idBits: 15 }))
    for (let vcpu = 0; vcpu < VCPUS; vcpu++) gic.setPendbaser(vcpu, GICR_PENDBASER.pack({ address: PENDING + vcpu * 0x10000 }))
    this.program(its)
    return its
  }

  program(its: Its): void {
    its.setBaser(DEVICE_BASER, GITS_BASER.pack({ valid: true, indirect: true, addressLow: DEVICE_TABLE }))
    its.setBaser(COLLECTION_BASER, GITS_BASER.pack({ valid: true, addressLow: COLLECTION_TABLE }))
  }

  mapped(): Its {
    const its = this.empty()
    const { devices, events, bits } = this.shape
    for (let icid = 0; icid < VCPUS; icid++) its.collections.set(icid, icid)
    for (let deviceId = 0; deviceId < devices; deviceId++) {
      const slot = its.addDevice(deviceId, ITTS + deviceId * this.ittBytes, bits)
      let hint = 0
      for (let n = 0; n < events; n++) {
        const mapping = deviceId * events + n
        hint = its.mapEvent(slot, 2 ** bits - events + n, 8192 + (mapping % LPIS), mapping % VCPUS, hint)
      }
    }
    return its
  }

  restore(its: Its, heads: Heads): number {
    its.reset()
    this.program(its)
    const time = timed(() => restoreTables(its, { heads }))
    if (its.events.count !== this.shape.devices * this.shape.events) throw new Error('the restore is not complete')
    return time
  }

  /** Reads every ITT once with memcmp against zeros. */
  scan(): number {
    const cursor = this.memory.writeCursor()
    cursor.seekForWrite(ITTS as Gpa)
    const { words } = cursor
    const zeros = Buffer.alloc(0x4000)
    return timed(() => {
      let different = 0
      for (let at = ITTS - RAM; at < words.byteLength; at += zeros.length) {
        if (Buffer.from(words.buffer, at, Math.min(zeros.length, words.byteLength - at)).compare(zeros) !== 0) different++
      }
      return different
    })
  }
}

function timed(work: () => unknown): number {
  const start = performance.now()
  const result = work()
  const time = performance.now() - start
  if (typeof result === 'object' && result !== null && 'ok' in result && result.ok !== true)
    throw new Error(JSON.stringify(result))
  return time
}

/** Median and fastest of the runs, the first half (while code is still being compiled) dropped. */
function settled(runs: number, work: () => number): string {
  const times = Array.from({ length: runs }, work)
    .slice(Math.floor(runs / 2))
    .sort((a, b) => a - b)
  return `${ms(times[Math.floor(times.length / 2)]!)} (${ms(times[0]!)})`
}

const ms = (time: number) => time.toFixed(time < 10 ? 2 : 0)

function row(name: string, ...cells: readonly string[]): void {
  console.log(`| ${name} | ${cells.join(' | ')} |`)
}

/** The first row of a table. */
function header(name: string, ...columns: readonly string[]): void {
  row(name, ...columns)
  row('---', ...columns.map(() => '---:'))
}

function seedRows(bits: readonly number[]): void {
  console.log('8192 devices, one event at the end of each ITT; ms: median (fastest)\n')
  header('ITT', 'save', 'save heads', 'restore', 'never written', 'with heads', 'read once', 'sealed')
  for (const b of bits) {
    const bench = new Bench({ devices: 8192, events: 1, bits: b })
    const its = bench.mapped()
    const runs = b >= 16 ? 8 : b >= 12 ? 24 : 100
    saveTables(its)
    const restore = settled(runs, () => bench.restore(its, 'none'))
    const scan = settled(runs, () => bench.scan())
    const sealed = settled(runs, () => timed(() => seal(its)))
    const save = settled(100, () => timed(() => saveTables(its)))
    const saveHeads = settled(100, () => timed(() => saveTables(its, { heads: stampedHeads })))
    const heads = settled(100, () => bench.restore(its, stampedHeads))
    const unwritten = restoreUnwritten(bench.shape, runs)
    row(`2^${b} events, ${(8192 * bench.ittBytes) / 2 ** 20} MiB`, save, saveHeads, restore, unwritten, heads, scan, sealed)
  }
}

/** The same restore where nobody has written the ITTs but the save. */
function restoreUnwritten(shape: Shape, runs: number): string {
  const bench = new Bench(shape, false)
  const its = bench.mapped()
  saveTables(its)
  return settled(runs, () => bench.restore(its, 'none'))
}

function scaleRows(): void {
  console.log('\n32 events a device, ITTs of 2^5; ms: median (fastest)\n')
  header('events', 'save', 'restore', 'sealed')
  for (const events of [1024, 8192, 65536, 262144]) {
    const bench = new Bench({ devices: events / 32, events: 32, bits: 5 })
    const its = bench.mapped()
    saveTables(its)
    const runs = 100
    const restore = settled(runs, () => bench.restore(its, 'none'))
    const save = settled(runs, () => timed(() => saveTables(its)))
    row(
      String(events),
      save,
      restore,
      settled(runs, () => timed(() => seal(its))),
    )
  }
}

/** The first restore of a fresh process, many times over. */
function coldRows(): void {
  console.log('\nThe first restore of a process, 8192 devices, ITTs of 2^13; ms, median of 5 processes\n')
  header('', 'restore')
  for (const head of ['none', 'ours'] as const) {
    const times = Array.from({ length: 5 }, () =>
      Number(execFileSync(process.execPath, [...process.execArgv, ...process.argv.slice(1, 2), '--first', head])),
    ).sort((a, b) => a - b)
    row(`head ${head}`, ms(times[2]!))
  }
}

function firstRestore(heads: Heads): void {
  const bench = new Bench({ devices: 8192, events: 1, bits: 13 })
  saveTables(bench.mapped(), { heads })
  console.log(timed(() => restoreTables(bench.empty(), { heads })))
}

const { values } = parseArgs({ options: { bits: { type: 'string', default: '5,8,12,13,16' }, first: { type: 'string' } } })
if (values.first !== undefined) firstRestore(values.first === 'ours' ? stampedHeads : 'none')
else {
  seedRows(values.bits.split(',').map(Number))
  scaleRows()
  coldRows()
}
