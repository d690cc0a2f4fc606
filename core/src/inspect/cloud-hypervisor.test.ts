import { describe, expect, it } from 'vitest'
import {
  applyEdits,
  type ByteSource,
  bytesSource,
  type MachineFile,
  openSavedMachine,
  type SavedMachine,
} from '../formats/index.ts'
import { snapshotFiles } from '../formats/testing/cloud-hypervisor-writer.ts'
import type { DressedMachine } from '../formats/testing/dressed-machine.ts'
import { openFixture } from '../formats/testing/fixtures.ts'
import { sharingCase } from '../formats/testing/shared-registers.ts'
import { coalesce, type Gpa, PAGE_BYTES } from '../memory/index.ts'
import { inspect } from './index.ts'

/** A saved machine as what any VMM would save of it, as far as its file has pages. */
async function facts(vm: SavedMachine): Promise<DressedMachine> {
  const memory = vm.memory()
  const missing = new Set<number>(vm.missingPages(vm.ranges))
  const held = coalesce([...pagesOf(vm)].filter((base) => !missing.has(base)).map((base) => ({ base, bytes: PAGE_BYTES })))
  await vm.load(memory, held)
  return { registers: vm.registers, ram: held.map(({ base, bytes }) => ({ base, bytes: memory.read(base, bytes) })), msi: vm.msi }
}

function* pagesOf({ ranges }: SavedMachine): Generator<Gpa> {
  for (const { base, bytes } of ranges) for (let at = 0; at < bytes; at += PAGE_BYTES) yield (base + at) as Gpa
}

async function verdict(files: readonly MachineFile[]) {
  const inspection = await inspect(await openSavedMachine(files))
  const [report] = inspection.audit()
  return { inspection, report: report!, codes: report!.findings.map(({ code }) => code) }
}

describe('registers that Cloud Hypervisor saved of vCPU 0 for all', () => {
  it('are found and mended in state.json from what the guest’s kernel has', async () => {
    const sharing = await openSavedMachine(bytesSource(await sharingCase(8193)))
    const { registers, ram } = await facts(sharing)
    const files = snapshotFiles({ registers, ram, style: 'v39' })
    const { inspection, report } = await verdict(files)
    expect(report).toMatchObject({
      verdict: 'corrupts',
      findings: expect.arrayContaining([
        expect.objectContaining({
          code: 'R109',
          confidence: 'proven',
          severity: 'corrupts',
          fix: expect.objectContaining({ safe: true }),
        }),
      ]),
    })
    const plan = inspection.plan()
    expect([plan.obstacles, plan.writes]).toEqual([[], []])
    expect(plan.registerWrites).toMatchObject([{ register: 'GICR_PENDBASER', vcpuId: 1, from: 0x429e0780n, to: 0x429f0780n }])
    const [changed, ...others] = await inspection.edits(plan)
    expect([changed!.file.name, others]).toEqual(['state.json', []])
    const pieces: Uint8Array[] = []
    for await (const piece of applyEdits(changed!.file.source, changed!.edits)) pieces.push(piece)
    const source = bytesSource(new Uint8Array(Buffer.concat(pieces)))
    const mended = files.map((file) => (file.name === 'state.json' ? { ...file, source } : file))
    expect((await verdict(mended)).codes).not.toContain('R109')
  })
})

describe('a snapshot of 64 GiB', () => {
  it('is judged by reading less than 2 MB of its RAM', async () => {
    const { registers, ram, msi = [] } = await facts(await openFixture('churned'))
    const [low] = ram
    const high = 64 * 2 ** 30
    let read = 0
    const memory: ByteSource = {
      byteLength: high + low!.bytes.length,
      slice: async (start, end) => {
        read += end - start
        const bytes = new Uint8Array(end - start)
        // The upper part comes first in the file, and is blank.
        const from = Math.max(0, start - high)
        if (end > high) bytes.set(low!.bytes.subarray(from, end - high), Math.max(0, high - start))
        return bytes
      },
    }
    const page = { base: 0x1_0000_0000 as Gpa, bytes: new Uint8Array(PAGE_BYTES) }
    const files = snapshotFiles({ registers, msi, ram: [low!, page] })
    const state = files.find(({ name }) => name === 'state.json')!.source
    const text = Buffer.from(await state.slice(0, state.byteLength)).toString()
    const larger = bytesSource(new Uint8Array(Buffer.from(text.replaceAll(`:${PAGE_BYTES}`, `:${high}`))))
    const { report } = await verdict([
      { name: 'state.json', source: larger },
      { name: 'memory-ranges', source: memory },
    ])
    expect(report).toMatchObject({ verdict: 'restores', findings: [] })
    expect(read).toBeGreaterThan(64 << 10)
    expect(read).toBeLessThan(2e6)
  })
})
