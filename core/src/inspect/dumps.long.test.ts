import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../audit/testing/planted-vm.ts'
import { budgetFor } from '../budget/testing/budget-for.ts'
import { bytesSource, FormatError, type SavedMachine, writeCase } from '../formats/index.ts'
import { type DumpedGuest, type KdumpOptions, writeElfDump, writeKdump } from '../formats/testing/dump-writer.ts'
import { fixtureBytes, openCase } from '../formats/testing/fixtures.ts'
import { LinuxMemory } from '../guest-kernel/testing/linux-memory.ts'
import { coalesce, type Gpa, type GpaRange } from '../memory/index.ts'
import { inspect, open } from './index.ts'
import { savedMachine } from './testing/planted-machine.ts'

/** What is found, and nothing of the format or of how it was found. */
async function findings(machine: SavedMachine) {
  const inspection = await inspect(machine, { judges: [] })
  const { writes, obstacles } = inspection.plan({ allow: 'everything' })
  const reports = inspection.audit().map(({ looks: _looks, kernel: _kernel, ...report }) => report)
  return { reports, writes, obstacles }
}

const MEBIBYTE = 2 ** 20

/** The RAM of a machine that has contents, and how to dump it. */
async function dumped(machine: SavedMachine): Promise<DumpedGuest> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  const zeros = new Uint8Array(MEBIBYTE)
  const isUsed = ({ base, bytes }: GpaRange) => Buffer.compare(memory.read(base, bytes), zeros) !== 0
  const parts = machine.ranges.flatMap(({ base, bytes }) =>
    Array.from({ length: bytes / MEBIBYTE }, (_, n) => ({ base: (base + n * MEBIBYTE) as Gpa, bytes: MEBIBYTE })),
  )
  return {
    ranges: coalesce(parts.filter(isUsed)),
    vcpus: machine.registers.redistributors.length,
    read: (at, bytes) => memory.read(at, bytes),
  }
}

/** The same machine without what no dump has. */
async function bare(machine: SavedMachine): Promise<SavedMachine> {
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return savedMachine({ memory, registers: machine.registers, msi: [] })
}

const clothings: readonly (readonly [string, (guest: DumpedGuest) => Uint8Array])[] = [
  ['an ELF dump', writeElfDump],
  ...(['raw', 'zlib', 'lzo', 'snappy', 'zstd'] as const).map((packing, n): [string, (guest: DumpedGuest) => Uint8Array] => {
    const options: KdumpOptions = { packing, flattened: n % 2 === 1 }
    return [`a kdump file, ${JSON.stringify(options)}`, (guest) => writeKdump(guest, options)]
  }),
]

const HEAP = 0x4300_0000

/** A Linux guest with these devices mapped, others gone, and what its kernel keeps. */
function linux(spoil: (vm: PlantedVm) => void): PlantedVm {
  const vm = new PlantedVm()
    .map(8, { 0: [8192, 0], 1: [8193, 1] })
    .map(16, { 0: [8224, 0] })
    .map(24, { 0: [8256, 1] })
    .save()
  spoil(vm)
  const memory = new LinuxMemory({ memory: vm.memory, heap: HEAP })
  const { itses, redistributors } = vm.registers()
  memory.its(itses[0]!, [])
  const frames = redistributors.map(({ vcpuId, pendbaser }) => ({
    frame: 0x080a_0000 + vcpuId * 0x2_0000,
    pendingTable: Number(pendbaser & 0xffff_ffff_0000n),
  }))
  memory.redistributors(frames, Number(redistributors[0]!.propbaser & 0xffff_ffff_f000n))
  return vm
}

describe('a dump of a Linux guest', () => {
  it.each(clothings)('has the findings and the plan of the VM that was dumped: %s', async (_, write) => {
    const vm = linux((one) => one.unmap(16).map(32, { 0: [8288, 1] }))
    const { registers } = vm.input()
    const machine = savedMachine({ memory: vm.memory, registers, msi: [] })
    const known = await findings(machine)
    const dump = await open(bytesSource(write(await dumped(machine))))
    expect(await findings(dump)).toEqual(known)
    expect(known.reports[0]!.findings.length).toBeGreaterThan(0)
  })

  it('has those of a real one whose kernel had to be asked, and whose queue has gone round', async () => {
    const real = await openCase('bridge-s2-kernel')
    const known = await findings(await bare(real))
    const dump = await open(bytesSource(writeKdump(await dumped(real), { packing: 'lzo' })))
    expect(await findings(dump)).toEqual(known)
    expect(known.reports[0]!.guestKernel).toHaveProperty('found')
  })

  it('says that its registers are inferred, and what is assumed', async () => {
    const vm = linux(() => undefined)
    const { registers } = vm.input()
    const dump = await open(bytesSource(writeElfDump(await dumped(savedMachine({ memory: vm.memory, registers, msi: [] })))))
    const [report] = (await inspect(dump, { judges: [] })).audit()
    expect([report!.verdict, report!.looks[0]]).toMatchObject(['restores', { subject: 'registers', outcome: 'in part' }])
    expect(report!.looks[0]!.why).toMatch(/as the guest’s kernel keeps them, .* GITS_CREADR is GITS_CWRITER/)
  })

  it('says so in a case of it as well', async () => {
    const real = await openCase('bridge-s2-kernel')
    const dump = await open(bytesSource(writeElfDump(await dumped(real))))
    const { memory, ranges, guestKernel } = (await inspect(dump)).loaded
    const small = await open(bytesSource(await writeCase(dump, memory, [...ranges, ...guestKernel!.read])))
    expect(small).toMatchObject({ format: 'case of a QEMU ELF dump', registers: { inferredFrom: 'guest kernel' } })
    expect((await findings(small)).reports).toEqual((await findings(dump)).reports)
  })

  it('without the kernel of a Linux guest is refused, and so is one that was not searched to the end', async () => {
    const elf = fixtureBytes('healthy.elf')
    await expect(open(bytesSource(elf))).rejects.toThrow(FormatError)
    await expect(open(bytesSource(elf))).rejects.toThrow(
      'expected a dump of a Linux guest that keeps the registers of its ITS in RAM, found no ITS of a Linux guest is in the RAM that was searched',
    )
    const little = { budget: budgetFor('search', 2 ** 24) }
    await expect(open(bytesSource(elf), little)).rejects.toThrow('the search ended at a limit of bytes')
    await expect(open(bytesSource(elf), { ...little, guestKernel: 'always' })).rejects.not.toThrow('the search ended')
  })
})

describe('what a real QEMU wrote of one moment', () => {
  const file = (name: string) =>
    bytesSource(decompress(readFileSync(new URL(`../../../fixtures/dumps/${name}.zst`, import.meta.url))))

  it.each(['qemu-7.2.kdump-zlib', 'qemu-7.2.elf', 'qemu-11.1.kdump-raw-zlib'])(
    'is the same VM, with the same RAM, registers and findings: %s',
    async (name) => {
      const saved = await open(file('qemu-7.2.mig'))
      const dump = await open(file(name))
      expect(dump.registers).toEqual({ ...saved.registers, inferredFrom: 'guest kernel' })
      const [one, other] = [saved.memory(), dump.memory()]
      await Promise.all([saved.load(one, saved.ranges), dump.load(other, saved.ranges)])
      for (const { base, bytes } of saved.ranges) {
        expect(Buffer.compare(one.read(base, bytes), other.read(base, bytes))).toBe(0)
      }
      const [known, found] = await Promise.all([saved, dump].map((machine) => inspect(machine, { judges: [] })))
      const findingsOf = found!.audit()[0]!.findings
      expect(findingsOf.map(({ code }) => code)).toEqual(['D203', 'D204', 'D204', 'D204', 'D204'])
      expect(findingsOf).toEqual(known!.audit()[0]!.findings)
    },
  )
})
