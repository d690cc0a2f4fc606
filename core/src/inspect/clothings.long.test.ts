import { describe, expect, it } from 'vitest'
import type { GicRegisters, MsiFunction, MsiTarget } from '../abi/index.ts'
import type { PlantedVm } from '../audit/testing/planted-vm.ts'
import { plantedVms } from '../audit/testing/reports.ts'
import { checkDocument, repairDocument } from '../documents/index.ts'
import { applyEdits, bytesSource, changedPages, type MachineFile, openSavedMachine, type SavedMachine } from '../formats/index.ts'
import { type BareVm, type Clothing, nonzeroPages, type Pages } from '../formats/testing/clothing.ts'
import { clothings } from '../formats/testing/clothings.ts'
import { openFixture, streamFixtures } from '../formats/testing/fixtures.ts'
import { type Inspection, inspect } from './index.ts'
import { savedMachine } from './testing/planted-machine.ts'

interface Worn {
  readonly title: string
  readonly vm: () => BareVm | Promise<BareVm>
}

const planted = plantedVms.map(({ title, vm }): Worn => ({ title, vm: () => bare(vm()) }))
const saved = streamFixtures.map((name): Worn => ({ title: name, vm: () => undressed(name) }))

/** In a long run each VM in each format; otherwise some, in each format others. */
const isLong = process.env['VITS_LONG'] !== undefined
const some = (vms: readonly Worn[], count: number, i: number) =>
  isLong ? vms : Array.from({ length: count }, (_, n) => vms[(i * 5 + n * 31) % vms.length]!)

describe.each(clothings)('the same findings as a $name', (clothing) => {
  const i = clothings.indexOf(clothing)
  it.each([...some(planted, 4, i), ...some(saved, 1, i)])('$title', async ({ vm: put }) => {
    const vm = await put()
    if (!fits(vm, clothing)) return
    const files = await clothing.files(vm)
    const open = (them: readonly MachineFile[]) => openSavedMachine(them, clothing.options?.(vm))
    const machine = await open(files)
    expectFacts(machine, vm, clothing)
    const zeros = machine.zeros(machine.ranges)
    const isZeros = (at: number) => zeros.some(({ base, bytes }) => at >= base && at < base + bytes)
    expect([...nonzeroPages(vm.memory).keys()].filter(isZeros)).toEqual([])
    const [worn, plain] = [await inspect(machine), await inspect(undressedAs(machine, vm))]
    expect(reportOf(worn)).toEqual(reportOf(plain))
    await expectRepaired(worn, plain, { files, open }, vm)
  })
})

const fits = ({ registers, memory }: BareVm, { hasItses, hasGaps }: Clothing) =>
  (hasItses || registers.itses.length === 1) && (hasGaps || memory.ranges.length === 1)

/** With all eight GITS_BASER, as every VMM saves them. */
function bare(planted: PlantedVm): BareVm {
  const { registers, msi = [], virtio = [], vcpus = [] } = planted.input()
  const itses = registers.itses.map((its) => ({ ...its, baser: Array.from({ length: 8 }, (_, i) => its.baser[i] ?? 0n) }))
  return { memory: planted.memory, registers: { ...registers, itses }, msi, virtio, vcpus }
}

/** A real VM as it was saved, all of its RAM. */
async function undressed(name: (typeof streamFixtures)[number]): Promise<BareVm> {
  const machine = await openFixture(name)
  const { registers, msi, virtio, vcpus } = machine
  const memory = machine.memory()
  await machine.load(memory, machine.ranges)
  return { memory, registers, msi, virtio, vcpus }
}

/** The VM in memory, with what the format has of it. */
const undressedAs = (machine: SavedMachine, { memory }: BareVm): SavedMachine => ({
  ...savedMachine({ ...machine, memory }),
  kind: machine.kind,
  origin: machine.origin,
})

/** Registers, RAM and MSI state; each format has the ITS where its VMM puts it. */
function expectFacts(machine: SavedMachine, { memory, registers, msi }: BareVm, { hasMsi }: Clothing): void {
  const placed = registers.itses.map((its, i) => ({ ...its, base: machine.registers.itses[i]?.base }))
  expect(written(machine.registers)).toEqual(written({ ...registers, itses: placed }))
  expect(machine.ranges).toEqual(memory.ranges)
  const firstEvent = ({ vectors }: MsiFunction) => vectors[0]?.data ?? 0
  // Not every format has an IOMMU.
  const meant = (target: MsiTarget) => (target.kind === 'translated' ? { ...target, kind: 'translater' } : target)
  const seen = ({ msi }: Pick<SavedMachine, 'msi'>) =>
    [...msi]
      .sort((a, b) => a.deviceId - b.deviceId || firstEvent(a) - firstEvent(b))
      .map(({ deviceId, enabled, vectors }) => [
        deviceId,
        enabled,
        vectors.map(({ target, data, masked }) => ({ target: meant(target), data, masked })),
      ])
  if (hasMsi) expect(seen(machine)).toEqual(seen({ msi }))
}

/** Registers as they lie in a file: that one vCPU has another's is found there. */
const written = ({ redistributors, ...rest }: GicRegisters) => ({
  ...rest,
  redistributors: redistributors.map(({ copyOf: _, ...own }) => own),
})

/** What check says, of whatever file. */
function reportOf(inspection: Inspection): object {
  const {
    format: _format,
    machine: _machine,
    ...said
  } = checkDocument({
    file: 'vm',
    machine: inspection.machine,
    reports: inspection.audit(),
    kernels: inspection.judge(['linux-6.1.192', 'linux-6.12.117']),
  })
  return said
}

/** Everything that can be done is planned alike, and the files once it is written hold what the plan has in RAM, and no other change. */
async function expectRepaired(
  worn: Inspection,
  plain: Inspection,
  { files, open }: { files: readonly MachineFile[]; open: (files: readonly MachineFile[]) => Promise<SavedMachine> },
  { memory: saved }: BareVm,
): Promise<void> {
  const [plan, expected] = [worn, plain].map((inspection) => inspection.plan({ allow: 'everything' })) as [Plan, Plan]
  expect(repairDocument('vm', plan, null)).toEqual(repairDocument('vm', expected, null))
  if (worn.machine.writeBack.to === 'nowhere') return
  const changes = await worn.edits(plan)
  const repaired = await open(
    await Promise.all(
      worn.machine.files.map(async ({ name, source }): Promise<MachineFile> => {
        const edits = changes.find(({ file }) => file.name === name)?.edits ?? []
        return edits.length === 0
          ? files.find((file) => file.name === name)!
          : { name, source: await whole(applyEdits(source, edits)) }
      }),
    ),
  )
  const memory = repaired.memory()
  await repaired.load(memory, repaired.ranges)
  const after = new Map([...nonzeroPages(saved), ...changedPages(expected.memory)])
  expect(contents(nonzeroPages(memory))).toEqual(contents(after))
  expect(repaired.registers).toEqual(plan.registers)
}

/** Pages that are not zero, in a form that compares fast. */
const contents = (pages: Pages) =>
  [...pages]
    .filter(([, page]) => page.some((byte) => byte !== 0))
    .sort(([a], [b]) => a - b)
    .map(([at, page]) => [at, Buffer.from(page).toString('latin1')])

type Plan = ReturnType<Inspection['plan']>

async function whole(pieces: AsyncIterable<Uint8Array>) {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return bytesSource(new Uint8Array(Buffer.concat(all)))
}
