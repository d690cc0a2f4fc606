import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DTE, GITS_BASER, ITE, L1E } from '../abi/index.ts'
import { defaultBudget } from '../budget/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { digest } from '../memory/testing/digest.ts'
import { type AuditInput, audit, judgeKernels, setScene } from './index.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const RAM = 0x4000_0000
const ITT = RAM + 0x100_0000
/** All findings that a report lists, and the notes. */
const MOST = defaultBudget.findings + 10

/** Tables of a guest that means harm; its registers are a sane VM's but for GITS_BASER0. */
function hostile(ram: number, baser0: Parameters<typeof GITS_BASER.pack>[0], fill: (memory: GuestMemory) => void): AuditInput {
  const sane = new PlantedVm().registers()
  const memory = new GuestMemory([{ base: RAM as Gpa, bytes: ram, backing: 'sparse' }])
  fill(memory)
  const baser = [GITS_BASER.pack({ valid: true, type: 1, pageSize: 2, ...baser0 }), ...sane.itses[0]!.baser.slice(1)]
  return { memory, registers: { ...sane, itses: [{ ...sane.itses[0]!, baser }] } }
}

const every = (memory: GuestMemory, from: number, words: number, { lo, hi }: { readonly lo: number; readonly hi: number }) => {
  for (let i = 0; i < words; i++) memory.setWord((from + i * 8) as Gpa, lo, hi)
}

const devices = (memory: GuestMemory, count: number) =>
  every(memory, RAM + 0x10_0000, count, DTE.encode({ valid: true, next: 1, size: 15, ittAddr: ITT }))

const table = { addressLow: RAM + 0x10_0000, pages: 7 }

describe('tables made to hurt', () => {
  it('bounds 65536 devices that share one ITT of 2^16 valid events, and says so', () => {
    const input = hostile(0x200_0000, table, (memory) => {
      devices(memory, 65536)
      for (let i = 0; i < 65536; i++) {
        const { lo, hi } = ITE.encode({ pintid: 8192 + (i % 57344), icid: 0, next: i < 65535 ? 1 : 0 })
        memory.setWord((ITT + i * 8) as Gpa, lo, hi)
      }
      every(memory, RAM + 0x4_0000, 1, { lo: 0, hi: 0x80000000 })
    })
    const { findings, orphans } = audit(setScene(input))
    expect(findings.map(({ code }) => code)).toContain('M703')
    expect(orphans.events.length).toBeLessThanOrEqual(65536)
    const [oldest, newest] = judgeKernels([setScene(input)], ['linux-4.13', 'linux-7.3'])
    expect(newest!.hostTrouble).toEqual([expect.stringContaining('soft lockup')])
    expect(oldest!.save).toBeUndefined()
  })

  it('bounds 65536 devices with empty ITTs of 2^16 events', () => {
    const input = hostile(0x200_0000, table, (memory) => {
      devices(memory, 65536)
      memory.fill(ITT as Gpa, 65536 * 8)
    })
    expect(audit(setScene(input)).findings.map(({ code }) => code)).toContain('M703')
  })

  it('passes over as many that are known to be empty, and says what becomes of a kernel, which reads them', () => {
    const scene = setScene(hostile(0x200_0000, table, (memory) => devices(memory, 28_000)))
    const entries = 28_000 * (1 + 65536) + 65536 - 28_000 + 1
    expect([scene.restored, scene.tables]).toMatchObject([{ cut: undefined, entries }, { cut: undefined }])
    const [newest] = judgeKernels([scene], ['linux-7.3'])
    expect(newest!.hostTrouble).toEqual([`soft lockup: ${entries} entries of the tables are read with every vCPU locked`])
  })

  it('lists the first of more orphans than anybody reads, and counts all', () => {
    const vm = new PlantedVm()
    for (let deviceId = 0; deviceId < 5000; deviceId++) vm.dte(deviceId, { size: 0, next: 1, ittAddr: vm.itt(deviceId) })
    const { findings, orphans } = audit(setScene(vm.input()))
    const gaps = findings.slice(defaultBudget.findings).map(({ code }) => code)
    expect([gaps, orphans.devices.length]).toEqual([['M704'], 5000])
  })

  it('bounds a first level of 256 pages whose every entry names one page of devices', () => {
    const input = hostile(0x400_0000, { addressLow: RAM + 0x200_0000, pages: 255, indirect: true }, (memory) => {
      every(memory, RAM + 0x200_0000, 256 * 8192, L1E.encode({ valid: true, l2Addr: RAM + 0x10_0000 }))
      devices(memory, 8192)
    })
    const { findings } = audit(setScene(input))
    expect(findings.length).toBeGreaterThan(0)
    expect(findings.length).toBeLessThanOrEqual(MOST)
  })

  it('bounds a first level that names itself', () => {
    const input = hostile(0x400_0000, { addressLow: RAM + 0x200_0000, pages: 255, indirect: true }, (memory) => {
      every(memory, RAM + 0x200_0000, 256 * 8192, L1E.encode({ valid: true, l2Addr: RAM + 0x200_0000 }))
    })
    expect(audit(setScene(input)).findings.length).toBeLessThanOrEqual(MOST)
  })

  it('answers any rubbish in the tables, the queue and the registers with a report, and writes nothing', () => {
    const word = fc.tuple(
      fc.nat(0x1ffff),
      fc.nat(0xffffffff),
      fc.oneof(fc.nat(0xffffffff), fc.constantFrom(0x80000000, 0x80100000)),
    )
    const arbitrary = fc.record({
      words: fc.array(word, { maxLength: 60 }),
      registers: fc.record({
        ctlr: fc.constantFrom(0, 1, 0x80000001),
        cbaser: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        cwriter: fc.bigInt({ min: 0n, max: 2n ** 20n }),
        creadr: fc.bigInt({ min: 0n, max: 2n ** 20n }),
      }),
      keep: fc.boolean(),
    })
    fc.assert(
      fc.property(arbitrary, ({ words, registers, keep }) => {
        const vm = new PlantedVm().map(16, { 0: [8192, 0] }).save()
        for (const [place, lo, hi] of words) vm.memory.setWord((RAM + 0x1_0000 + Math.floor(place / 8) * 8 * 3) as Gpa, lo, hi)
        if (!keep) vm.its = registers
        const before = digest(vm.memory)
        const report = audit(setScene(vm.input()))
        expect(['restores', 'corrupts', 'fails']).toContain(report.verdict)
        expect(digest(vm.memory)).toBe(before)
      }),
      { numRuns: 60 },
    )
  })
})
