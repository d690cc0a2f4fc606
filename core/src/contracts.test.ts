import { describe, expect, it } from 'vitest'
import {
  encodeCommand,
  KVM_DEV_ARM_VGIC_GRP as GRP,
  isProfileId,
  profileOfKernel,
  profileWithId,
  queueShape,
  savedIts,
} from './abi/index.ts'
import { problemCode, problemRow, ruleRow } from './audit/index.ts'
import { PlantedVm } from './audit/testing/planted-vm.ts'
import { ModelSubject } from './conformance/index.ts'
import { explainDocument, kernelsDocument } from './documents/index.ts'
import { inspect } from './inspect/index.ts'
import { plantedMachine } from './inspect/testing/planted-machine.ts'
import { itsFrame } from './its/index.ts'
import { KvmVm, restoreVm } from './kvm/index.ts'
import { errnoName, type Gpa, gpa } from './memory/index.ts'
import { restoresUnder, successor } from './seal/index.ts'
import { type Anything, LAST, RAM, type SomeVm, someVm, stateOf } from './testing/some-vm.ts'

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
