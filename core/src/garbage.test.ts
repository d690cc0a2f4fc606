import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  affinityOf,
  commandErrorName,
  encodeCommand,
  halves,
  profileWithId,
  queueShape,
  redistributorAttr,
  savedIts,
  tableShape,
} from './abi/index.ts'
import { problemRow, ruleRow } from './audit/index.ts'
import { PlantedVm } from './audit/testing/planted-vm.ts'
import { explainDocument, kernelsDocument } from './documents/index.ts'
import { itsFrame } from './its/index.ts'
import { KvmVm } from './kvm/index.ts'
import { coalesce, errnoName, type Gpa, GuestMemory, gpa, isKvmError } from './memory/index.ts'
import { type Anything, KIB_64, LAST, RAM, type SomeVm, someVm, stateOf } from './testing/some-vm.ts'

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
