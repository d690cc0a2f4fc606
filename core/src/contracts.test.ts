import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affinityOf,
  commandErrorName,
  encodeCommand,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  halves,
  isProfileId,
  profileOfKernel,
  profileWithId,
  queueShape,
  redistributorAttr,
  savedIts,
  tableShape,
} from './abi/index.ts'
import { problemCode, problemRow, ruleRow } from './audit/index.ts'
import { PlantedVm } from './audit/testing/planted-vm.ts'
import { ModelSubject } from './conformance/index.ts'
import { explainDocument, kernelsDocument } from './documents/index.ts'
import { inspect } from './inspect/index.ts'
import { plantedMachine } from './inspect/testing/planted-machine.ts'
import { itsFrame } from './its/index.ts'
import { KvmVm, restoreVm } from './kvm/index.ts'
import { coalesce, errnoName, type Gpa, GuestMemory, gpa, isKvmError, LoadableMemory } from './memory/index.ts'
import { restoresUnder, successor } from './seal/index.ts'

// biome-ignore lint/suspicious/noExplicitAny: what a caller passes whom no compiler stops
type Anything = any

const RAM = 0x4000_0000 as Gpa
const KIB_64 = 0x1_0000
const LAST = (RAM + KIB_64 - 8) as Gpa

/** A VM of two vCPUs, an ITS and 64 KiB of RAM of each kind. */
function someVm() {
  const memory = new GuestMemory([{ base: RAM, bytes: KIB_64 }])
  const vm = new KvmVm({ memory })
  vm.setMemory(1, (RAM + KIB_64) as Gpa, KIB_64, 'sparse')
  vm.createVcpu()
  vm.createVcpu(5)
  const gic = vm.createGic()
  const its = vm.createIts()
  memory.setWord(RAM, 0x1234_5678, 0x9abc_def0)
  memory.clearDirty()
  const loadable = new LoadableMemory([{ base: RAM, bytes: KIB_64 }])
  return { vm, memory, gic, its, loadable }
}
type SomeVm = ReturnType<typeof someVm>

/** Everything of it that a refused call must leave as it was. */
function stateOf({ vm, memory, its, loadable }: SomeVm) {
  const bytes = memory.ranges.map(({ base, bytes: length }) => Buffer.from(memory.read(base, length)).toString('latin1'))
  const { redistributors, propbaser } = vm.gic
  const { cbaser, creadr, cwriter } = its.its
  return {
    ranges: memory.ranges,
    dirty: memory.dirtyPages(),
    bytes,
    vcpus: structuredClone(vm.vcpus),
    redistributors: structuredClone(redistributors),
    registers: [propbaser, cbaser, creadr, cwriter, its.its.baser(0), its.its.baser(1), its.base],
    loaded: loadable.isLoaded(RAM, KIB_64),
  }
}

/** One thing that a caller may do wrong, and what it is told. */
type Contract = readonly [what: string, call: (some: SomeVm) => unknown, error: typeof RangeError | 'EFAULT', says: string]

const contracts: readonly Contract[] = [
  ['an address that is no whole number', () => gpa(1.5), RangeError, 'not a 52-bit address: 1.5'],
  ['an address of 53 bits', () => gpa(2n ** 52n), RangeError, 'not a 52-bit address: 4503599627370496n'],
  ['an errno that is none', () => errnoName(0), RangeError, 'no errno 0 is known here'],
  [
    'a region at a negative base',
    ({ memory }) => memory.addRegion({ base: -8 as Gpa, bytes: 8 }),
    RangeError,
    'base of a region -8',
  ],
  [
    'a region at half a byte',
    ({ memory }) => memory.addRegion({ base: 0.5 as Gpa, bytes: 8 }),
    RangeError,
    'base of a region 0.5',
  ],
  ['a region that is not aligned', ({ memory }) => memory.addRegion({ base: 4 as Gpa, bytes: 8 }), RangeError, '8 bytes at 0x4'],
  ['a region of no bytes', ({ memory }) => memory.addRegion({ base: 0 as Gpa, bytes: 0 }), RangeError, 'bytes of a region 0'],
  ['a region of 12 bytes', ({ memory }) => memory.addRegion({ base: 0 as Gpa, bytes: 12 }), RangeError, 'not 12 bytes'],
  [
    'a region past 52 bits',
    ({ memory }) => memory.addRegion({ base: 8 as Gpa, bytes: 2 ** 52 }),
    RangeError,
    'bytes of a region 4503599627370496',
  ],
  [
    'a region for which there is no room',
    ({ memory }) => memory.addRegion({ base: (2 ** 51) as Gpa, bytes: 2 ** 50 }),
    RangeError,
    'there is no room for a region of 1125899906842624 bytes',
  ],
  [
    'a region over another',
    ({ memory }) => memory.addRegion({ base: LAST, bytes: 16 }),
    RangeError,
    'a region at 0x4000fff8 overlaps another',
  ],
  [
    'a backing that is none',
    ({ memory }) => memory.addRegion({ base: 0 as Gpa, bytes: 8, backing: 'toString' as Anything }),
    RangeError,
    "'toString' is no backing",
  ],
  ['a byte of 9 bits', ({ memory }) => memory.setU8(RAM, 256), RangeError, 'the byte 256'],
  ['half a byte', ({ memory }) => memory.setU8((RAM + 0.5) as Gpa, 1), RangeError, 'the address 1073741824.5'],
  [
    'a word that is not aligned',
    ({ memory }) => memory.setU32((RAM + 2) as Gpa, 1),
    RangeError,
    'the address 1073741826 is no multiple of 4',
  ],
  ['a word of 33 bits', ({ memory }) => memory.setU32(RAM, 2 ** 32), RangeError, 'the 32-bit word 4294967296'],
  ['a doubleword across two pages', ({ memory }) => memory.setWord((RAM + 4092) as Gpa, 1, 2), RangeError, 'is no multiple of 8'],
  ['a half of 33 bits', ({ memory }) => memory.setWord(RAM, 1, 2 ** 32), RangeError, 'the 32-bit word 4294967296'],
  ['a word outside RAM', ({ memory }) => memory.setU32(0 as Gpa, 1), 'EFAULT', '0x0 is not in guest RAM'],
  ['a byte at no address', ({ memory }) => memory.u8(Number.NaN as Gpa), RangeError, 'the address NaN'],
  ['fewer than no bytes', ({ memory }) => memory.read(RAM, -1), RangeError, 'the number of bytes -1'],
  ['more bytes than there are', ({ memory }) => memory.read(RAM, 2 ** 40), 'EFAULT', '0x40020000 is not in guest RAM'],
  ['bytes that are none', ({ memory }) => memory.write(RAM, 'bytes' as Anything), RangeError, "'bytes' is no Uint8Array"],
  ['a byte to fill with that is none', ({ memory }) => memory.fill(RAM, 8, -1), RangeError, 'the byte -1'],
  [
    'a page where none begins',
    ({ loadable }) => loadable.load((RAM + 8) as Gpa, new Uint8Array(4096)),
    RangeError,
    'no page begins at 1073741832',
  ],
  ['more than a page', ({ loadable }) => loadable.load(RAM, new Uint8Array(4097)), RangeError, 'is no page'],
  ['a vCPU id below 0', ({ vm }) => vm.createVcpu(-1), RangeError, 'the vCPU -1 is no whole number from 0 to 65535'],
  ['a vCPU id that is no number', ({ vm }) => vm.createVcpu('0' as Anything), RangeError, "the vCPU '0'"],
  ['a vCPU id that is taken', ({ vm }) => vm.createVcpu(5), RangeError, 'there is a vCPU 5 already'],
  ['a vCPU that there is not', ({ vm }) => vm.loadVcpu(2), RangeError, 'no vCPU 2: there are 2'],
  ['a slot that is none', ({ vm }) => vm.setMemory(-1, 0 as Gpa, 4096), RangeError, 'the slot -1'],
  ['a slot that would overlap another', ({ vm }) => vm.setMemory(1, LAST, 16), RangeError, 'overlaps another'],
  ['a slot that cannot be', ({ vm }) => vm.setMemory(1, RAM, 12), RangeError, 'not 12 bytes'],
  ['a kernel that is none', () => new KvmVm({ kernel: '__proto__' as Anything }), RangeError, "'__proto__' is no kernel profile"],
  ['an IPA of no bits', () => new KvmVm({ ipaBits: 0 }), RangeError, 'the bits of an IPA 0'],
  [
    'an MSI of a DeviceID of 33 bits',
    ({ vm }) => vm.signalMsi({ address: 0, deviceId: 2 ** 32, eventId: 0, flags: 1 }),
    RangeError,
    'DeviceID 4294967296',
  ],
  [
    'an MSI of half an event',
    ({ vm }) => vm.signalMsi({ address: 0, deviceId: 0, eventId: 0.5, flags: 1 }),
    RangeError,
    'EventID 0.5',
  ],
  [
    'an attribute that is a number',
    ({ its }) => its.setAttr(GRP.ITS_REGS, 0x80 as Anything, 0n),
    RangeError,
    'the attribute 128 is no bigint of 64 bits',
  ],
  [
    'a value of 65 bits',
    ({ its }) => its.setAttr(GRP.ITS_REGS, 0x80n, 2n ** 64n),
    RangeError,
    'the value of an attribute 18446744073709551616n',
  ],
  ['a value below 0', ({ gic }) => gic.setAttr(GRP.ADDR, 2n, -1n), RangeError, 'the value of an attribute -1n'],
  [
    'a register written with a number',
    ({ its }) => itsFrame.write(its.its, 0x80, 8, 1 as Anything),
    RangeError,
    'the value of a register 1',
  ],
  ['GITS_CBASER of 65 bits', ({ its }) => its.its.setCbaser(2n ** 64n), RangeError, 'GITS_CBASER 18446744073709551616n'],
  ['GITS_BASER7', ({ its }) => its.its.setBaser(7 as Anything, 0n), RangeError, 'the n of GITS_BASER<n> 7'],
  ['GICR_PENDBASER of no vCPU', ({ vm }) => vm.gic.setPendbaser(2, 0n), RangeError, 'no vCPU 2: there are 2'],
  ['GICR_PROPBASER as a number', ({ vm }) => vm.gic.setPropbaser(0 as Anything), RangeError, 'GICR_PROPBASER 0'],
  ['a command that is none', () => encodeCommand('constructor' as Anything, {}), RangeError, "'constructor' is no command"],
  [
    'an operand that is none',
    () => encodeCommand('MAPD', { toString: 1 } as Anything),
    RangeError,
    "'toString' is no operand of MAPD",
  ],
  ['an operand that does not fit', () => encodeCommand('MAPC', { icid: 65536 }), RangeError, 'MAPC.icid cannot hold 65536'],
  ['a register that is a number', () => queueShape(0 as Anything), RangeError, '0 is no bigint'],
  [
    'a profile that objects inherit',
    () => profileWithId('constructor' as Anything),
    RangeError,
    "'constructor' is no kernel profile",
  ],
  ['a problem that objects inherit', () => problemRow('__proto__' as Anything), RangeError, "'__proto__' is no problem code"],
  ['a rule that objects inherit', () => ruleRow('valueOf' as Anything), RangeError, "'valueOf' is no rule"],
  ['an ITS that there is not', () => savedIts({ itses: [], redistributors: [] }, 0), RangeError, 'no ITS 0: there are 0'],
  [
    'a restore by a kernel that is none',
    ({ memory }) => restoreVm(memory, new PlantedVm().registers(), { kernel: 'toString' as Anything }),
    RangeError,
    "'toString' is no kernel profile",
  ],
  [
    'a verdict of a kernel that is none',
    ({ its }) => restoresUnder(its.its, 'linux' as Anything),
    RangeError,
    "'linux' is no kernel profile",
  ],
  [
    'a successor by a kernel that is none',
    ({ its }) => successor(its.its, '' as Anything),
    RangeError,
    "'' is no kernel profile",
  ],
  [
    'a model of a kernel that is none',
    () => new ModelSubject('__proto__' as Anything),
    RangeError,
    "'__proto__' is no kernel profile",
  ],
  [
    'a document of a kernel that is none',
    () => kernelsDocument(['__proto__' as Anything]),
    RangeError,
    "'__proto__' is no kernel profile",
  ],
  [
    'a document of a problem that is none',
    () => explainDocument(['constructor' as Anything]),
    RangeError,
    "'constructor' is no problem code",
  ],
]

describe('a call that cannot be meant', () => {
  it.each(contracts)('%s is refused, and nothing is changed', (_what, call, error, says) => {
    const some = someVm()
    const before = stateOf(some)
    if (error === RangeError) expect(() => call(some)).toThrow(RangeError)
    else expect(() => call(some)).toThrow(expect.objectContaining({ errno: error }))
    expect(() => call(some)).toThrow(says)
    expect(stateOf(some)).toEqual(before)
  })

  it('is one more vCPU than a VM may have', () => {
    const { vm } = someVm()
    for (let id = 6; vm.vcpus.length < 512; id++) vm.createVcpu(id)
    expect(() => vm.createVcpu(1000)).toThrow(new RangeError('there are 512 vCPUs already'))
    expect([vm.vcpus.length, vm.gic.redistributors.length]).toEqual([512, 512])
  })

  it('asks an inspection about a kernel, an ITS or a VM that there is not', async () => {
    const inspection = await inspect(plantedMachine(new PlantedVm().map(8, { 0: [8192, 0] }).save()))
    expect(() => inspection.restoredBy('__proto__' as Anything)).toThrow("'__proto__' is no kernel profile")
    expect(() => inspection.judge(['constructor' as Anything])).toThrow("'constructor' is no kernel profile")
    for (const ask of ['pending', 'trace', 'beliefs', 'history'] as const) {
      for (const its of [1, -1, 0.5, Number.NaN, '__proto__', 'length']) {
        expect(() => inspection[ask](its as Anything)).toThrow(`: there are 1`)
      }
    }
  })

  it('finds no kernel and no problem among what objects inherit', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      expect([isProfileId(name), profileOfKernel(name), problemCode(name)]).toEqual([false, undefined, undefined])
    }
  })
})

/** What no compiler lets through. */
const garbage = fc.oneof(
  fc.constantFrom(
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    -0,
    0.5,
    RAM,
    RAM + 0.5,
    RAM + 4,
    LAST,
    2 ** 31,
    2 ** 32,
    2 ** 52,
    2 ** 53,
    1e308,
  ),
  fc.constantFrom(-1n, 0n, 8n, BigInt(RAM), 2n ** 64n, 2n ** 200n),
  fc.constantFrom('', '0', '__proto__', 'constructor', 'length', 'linux-6.6', 'D203'),
  fc.constantFrom(null, true, [], {}, new Uint8Array(8), Symbol('a symbol')),
  fc.double(),
  fc.integer(),
)
/** Where the loops of guests run, a number is not asked what it is. */
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(RAM, RAM + 0.5, RAM + 3, LAST, LAST + 8, 2 ** 52, 2 ** 53))

const callsOnGarbage: Readonly<Record<string, (some: SomeVm, ...args: Anything[]) => unknown>> = {
  gpa: (_, a) => gpa(a),
  errnoName: (_, a) => errnoName(a),
  halves: (_, a) => halves(a),
  queueShape: (_, a) => queueShape(a),
  tableShape: (_, a) => tableShape(a),
  encodeCommand: (_, a, b) => encodeCommand(a, { deviceId: b }),
  'encodeCommand MAPD': (_, a) => encodeCommand('MAPD', { deviceId: a }),
  profileWithId: (_, a) => profileWithId(a),
  problemRow: (_, a) => problemRow(a),
  ruleRow: (_, a) => ruleRow(a),
  savedIts: (_, a) => savedIts(new PlantedVm({ ramBytes: 0x20_0000 }).registers(), a),
  kernelsDocument: (_, a) => kernelsDocument([a]),
  explainDocument: (_, a) => explainDocument([a]),
  'new GuestMemory': (_, base, bytes, backing) =>
    new GuestMemory([{ base, bytes: typeof bytes === 'number' ? bytes % 2 ** 30 : bytes, backing }]),
  'GuestMemory.addRegion': ({ memory }, base, backing) => memory.addRegion({ base, bytes: 8, backing }),
  'GuestMemory.removeRegion': ({ memory }, a) => a !== RAM && memory.removeRegion(a),
  'GuestMemory.setU8': ({ memory }, a, b) => memory.setU8(a, b),
  'GuestMemory.setU32': ({ memory }, a, b) => memory.setU32(a, b),
  'GuestMemory.setWord': ({ memory }, a, b, c) => memory.setWord(a, b, c),
  'GuestMemory.read': ({ memory }, a, b) => memory.read(a, b),
  'GuestMemory.fill': ({ memory }, a, b, c) => memory.fill(a, b, c),
  'GuestMemory.write': ({ memory }, a, b) => memory.write(a, b),
  'LoadableMemory.load': ({ loadable }, a, b) => typeof a === 'number' && loadable.load(a as Gpa, b),
  'Gic.addVcpu': ({ vm }, a) => vm.gic.addVcpu(a),
  'Gic.setPropbaser': ({ vm }, a) => vm.gic.setPropbaser(a),
  'Gic.setPendbaser': ({ vm }, a, b) => vm.gic.setPendbaser(a, b),
  'Gic.setEnableLpis': ({ vm }, a, b) => vm.gic.setEnableLpis(a, b),
  'Gic.rdBaseOf': ({ vm }, a) => vm.gic.rdBaseOf(a),
  'Its.setCbaser': ({ its }, a) => its.its.setCbaser(a),
  'Its.setBaser': ({ its }, a, b) => its.its.setBaser(a, b),
  'Translaters.add': ({ vm, its }, a) => vm.translaters.add(a, its.its),
  'Frame.write': ({ its }, a, b) => typeof a === 'number' && itsFrame.write(its.its, a, 8, b),
  'new KvmVm': (_, kernel, ipaBits) => new KvmVm({ kernel, ipaBits }),
  'KvmVm.setMemory': ({ vm }, a, b, c) => vm.setMemory(a, b, c, 'sparse'),
  'KvmVm.createVcpu': ({ vm }, a) => vm.createVcpu(a),
  'KvmVm.loadVcpu': ({ vm }, a) => vm.loadVcpu(a),
  'KvmVm.putVcpu': ({ vm }, a) => vm.putVcpu(a),
  'KvmVm.signalMsi': ({ vm }, address, deviceId, eventId) => vm.signalMsi({ address, deviceId, eventId, flags: 1 }),
  'KvmVm.checkFrame': ({ vm }, a) => vm.checkFrame(a, KIB_64),
  'KvmIts.setAttr': ({ its }, a, b, c) => its.setAttr(a, b, c),
  'KvmIts.getAttr': ({ its }, a, b) => its.getAttr(a, b),
  'KvmIts.hasAttr': ({ its }, a, b) => its.hasAttr(a, b),
  'KvmGic.setAttr': ({ gic }, a, b, c) => gic.setAttr(a, b, c),
  'KvmGic.getAttr': ({ gic }, a, b) => gic.getAttr(a, b),
  'KvmGic.hasAttr': ({ gic }, a, b) => gic.hasAttr(a, b),
}

const callsOnNumbers: typeof callsOnGarbage = {
  affinityOf: (_, a) => affinityOf(a),
  commandErrorName: (_, a) => commandErrorName(a),
  redistributorAttr: (_, a) => redistributorAttr(Math.trunc(a) % 65536 || 0, 0),
  coalesce: (_, base, bytes) => coalesce([{ base, bytes }]),
  'GuestMemory.u8': ({ memory }, a) => memory.u8(a),
  'GuestMemory.u32': ({ memory }, a) => memory.u32(a),
  'GuestMemory.contains': ({ memory }, a, b) => memory.contains(a, b),
  'GuestMemory.isLoaded': ({ memory }, a, b) => memory.isLoaded(a, b % KIB_64),
  'ReadCursor.seek': ({ memory }, a) => memory.cursor().seek(a),
  'Gic.vcpuOf': ({ vm }, a) => vm.gic.vcpuOf(a),
  'Translaters.signal': ({ vm }, a, b, c) => vm.translaters.signal(a, b, c, 1),
  'Its.find': ({ its }, a, b) => its.its.find(a, b),
  'Frame.read': ({ its }, a) => itsFrame.read(its.its, a, 8),
}

/** What V8 says of a bug of ours. */
const byV8 =
  /Cannot (read|set|mix|convert|destructure)|is not (a function|iterable|defined|an object)|nvalid .*length|out of bounds|allocation failed|cannot be converted|call stack|Cannot use 'in'/

function law(calls: typeof callsOnGarbage, arbitrary: fc.Arbitrary<unknown>): void {
  it.each(Object.keys(calls))('%s', (name) => {
    fc.assert(
      fc.property(arbitrary, arbitrary, arbitrary, (...args) => {
        const some = someVm()
        const before = stateOf(some)
        try {
          calls[name]!(some, ...args)
        } catch (error) {
          expect(error instanceof RangeError || isKvmError(error), String(error)).toBe(true)
          expect((error as Error).message).not.toMatch(byV8)
          // As the kernel, these write what comes before a hole.
          if (!/fill|write$/.test(name)) expect(stateOf(some)).toEqual(before)
        }
      }),
      { numRuns: 60 },
    )
  })
}

describe('whatever it is passed, it says itself what is wrong, and leaves everything as it was:', () =>
  law(callsOnGarbage, garbage))
describe('whatever number it is passed, it answers or says what is wrong:', () => law(callsOnNumbers, number))
