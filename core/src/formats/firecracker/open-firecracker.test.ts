import { describe, expect, it } from 'vitest'
import { inspect } from '../../inspect/index.ts'
import { type Gpa, type GpaRange, PAGE_BYTES } from '../../memory/index.ts'
import { applyEdits, type ByteSource, bytesSource, openSavedMachine, writeCase } from '../index.ts'
import { firecrackerReleases } from '../origin.ts'
import { firecrackerFiles, pagewise } from '../testing/firecracker-files.ts'
import {
  disk,
  fills,
  fn,
  ITS,
  memory,
  open,
  page,
  RAM,
  regions,
  registers,
  state,
  vcpus,
  withCrc,
} from '../testing/firecracker-snapshot.ts'
import { openFixture } from '../testing/fixtures.ts'

describe.each(firecrackerReleases)('a snapshot of Firecracker %s', (release) => {
  const dressed = {
    registers,
    msi: [fn],
    virtio: [disk],
    vcpus,
    ranges: regions,
    read: (_: Gpa, bytes: number) => new Uint8Array(bytes),
  }

  it('has the registers of its GIC, and its ITS where the number of vCPUs puts it', async () => {
    const machine = await open(state({}, release), memory())
    expect(machine.registers).toEqual(registers)
    expect(ITS).toBe(0x3fff_0000 - 3 * 0x2_0000)
    expect(machine.origin).toMatchObject({ vmm: 'firecracker', release, ram: 'full' })
    expect(machine.files.map(({ name }) => name)).toEqual(['vmstate', 'mem'])
    expect(machine.writeBack).toEqual({ to: 'files' })
  })

  it('has RAM where its regions are', async () => {
    const machine = await open(state({}, release), memory())
    expect(machine.ranges).toEqual(regions)
    expect(await fills(machine)).toEqual([1, 2, 3, 4])
    expect(machine.missingPages(regions)).toEqual([])
  })

  it('has the vectors and the queues of its PCI devices', async () => {
    const [vmstate, mem] = firecrackerFiles(dressed, release, { withCode: true })
    const machine = await openSavedMachine([vmstate!, mem!])
    const named = machine.msi[0]!.name
    expect(named).toBe('0000:00:01.0/device-0/virtio-blk')
    expect(machine.msi).toEqual([{ ...fn, name: named }])
    const at = machine.virtio[0]!.offset
    expect(machine.virtio).toEqual([
      { ...disk, name: named, offset: at, queues: disk.queues.map((one) => ({ ...one, offset: at })) },
    ])
  })

  it('tells what its vCPUs did', async () => {
    const [vmstate, mem] = firecrackerFiles(dressed, release, { withCode: true })
    expect((await openSavedMachine([vmstate!, mem!])).vcpus).toEqual(vcpus)
  })

  it('has no device behind the ITS where its devices are on the MMIO bus', async () => {
    const machine = await open(state({ msi: [fn], virtio: [disk], bus: 'mmio' }, release), memory())
    expect([machine.msi, machine.virtio]).toEqual([[], []])
  })

  it('takes changed words of RAM in place, and changed registers with a checksum that holds', async () => {
    const vmstate = state({}, release)
    const machine = await open(vmstate, memory())
    const changed = page(2)
    changed[100] = 9
    const redistributors = registers.redistributors.map((one) => ({
      ...one,
      propbaser: one.propbaser + 0x1_0000n,
      pendbaser: 0x2_8005_0780n,
    }))
    const edits = await machine.edits(new Map([[(RAM + PAGE_BYTES) as Gpa, changed]]), { ...registers, redistributors })
    expect(edits.map((each) => each.file.name)).toEqual(['vmstate', 'mem'])
    expect(edits[1]!.edits).toEqual([{ offset: PAGE_BYTES + 96, remove: 8, insert: changed.slice(96, 104) }])
    const written: Uint8Array[] = []
    for await (const bytes of applyEdits(bytesSource(vmstate), edits[0]!.edits)) written.push(bytes)
    const again = await open(Uint8Array.from(written.flatMap((bytes) => [...bytes])), memory())
    expect(again.registers).toEqual({ ...registers, redistributors })
    expect(again.msi).toEqual(machine.msi)
  })

  it('says of a disk of the engine Async whether it was saved after the GIC', async () => {
    const late = async (engine: 'Sync' | 'Async') =>
      (await open(state({ msi: [fn], virtio: [disk], engine }, release), memory())).virtio.map(
        ({ savedAfterGic }) => savedAfterGic,
      )
    const isLate = release === '1.13' || release === '1.14' ? true : undefined
    expect([await late('Sync'), await late('Async')]).toEqual([[undefined], [isLate]])
  })

  it('is told the same by a case that was made of it', async () => {
    const machine = await open(state({ msi: [fn], virtio: [disk], engine: 'Async' }, release), memory())
    const bytes = await writeCase(machine, machine.memory(), regions)
    const again = await openSavedMachine(bytesSource(bytes))
    expect(again.format).toBe(`case of a ${machine.format}`)
    const { registers: of, msi, virtio, vcpus: did, ranges, machine: type, origin } = machine
    expect(again).toMatchObject({ registers: of, msi, virtio, vcpus: did, ranges, machine: type, origin })
  })
})

it('8.0.0 is the version of two layouts: a state is of the one that it is read whole as', async () => {
  const releases = await Promise.all(
    (['1.13', '1.14'] as const).map(async (release) => (await open(state({}, release), memory())).origin),
  )
  expect(releases).toMatchObject([{ release: '1.13' }, { release: '1.14' }])
})

it('what follows the GIC is not read where it is not as its release writes it, and the rest is', async () => {
  const whole = state({ msi: [fn] })
  const cut = withCrc(whole.subarray(0, -9))
  const machine = await open(cut, memory())
  expect(machine.registers).toEqual(registers)
  expect([machine.msi, machine.vcpus, machine.machine]).toEqual([[], [], 'microVM, its devices not read'])
})

it('64 GiB of RAM are judged with less than 2 MB of reads', async () => {
  const real = await openFixture('ghosts')
  const bytes = 64 * 2 ** 30
  const load = async (pages: GpaRange) => {
    const memory = real.memory()
    await real.load(memory, [pages])
    return memory.read(pages.base, pages.bytes)
  }
  const far = { ...real, registers: real.registers, ranges: [{ base: real.ranges[0]!.base, bytes }], read: pagewise(load) }
  let read = 0
  const counted = ({ byteLength, slice }: ByteSource): ByteSource => ({
    byteLength,
    slice: (start, end) => {
      read += end - start
      return slice(start, end)
    },
  })
  const files = firecrackerFiles(far, 'main')
  const machine = await openSavedMachine(files.map((each) => ({ ...each, source: counted(each.source) })))
  const [report] = (await inspect(machine)).audit()
  expect([machine.ranges[0]!.bytes, report!.verdict]).toEqual([bytes, 'corrupts'])
  expect(read).toBeLessThan(2e6)
})
