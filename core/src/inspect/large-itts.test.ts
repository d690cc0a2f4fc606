import { describe, expect, it } from 'vitest'
import type { Scene } from '../audit/index.ts'
import { PlantedVm, RAM } from '../audit/testing/planted-vm.ts'
import { bytesSource, openSavedMachine, type SavedMachine } from '../formats/index.ts'
import { type RamRecord, writeStream } from '../formats/testing/stream-writer.ts'
import { type Gpa, PAGE_BYTES } from '../memory/index.ts'
import { inspect } from './index.ts'

const DEVICES = 600
const ITTS = RAM + 0x400_0000
const ITT_BYTES = 2 ** 16 * 8
const PAGES = 0x4000 + (DEVICES * ITT_BYTES) / PAGE_BYTES
const BLOCK = 'mach-virt.ram'

/**
 * A stream of a VM whose devices have ITTs with room for 2^16 events, the last of which is mapped: 300 MiB of pages that were never
 * written but for one of each. One device is stale.
 */
function stream(zeros: 'recorded' | 'missing'): Promise<SavedMachine> {
  const vm = new PlantedVm({ ramBytes: PAGES * PAGE_BYTES })
  for (let n = 0; n < DEVICES; n++) vm.map(8 * n, { 65535: [8192 + n, n % 2] }, { bits: 16, ittAddr: ITTS + n * ITT_BYTES })
  vm.save().unmap(0).save()
  const written = new Set<number>(vm.memory.dirtyPages())
  const records = Array.from({ length: PAGES }, (_, page): RamRecord[] => {
    const at = (RAM + page * PAGE_BYTES) as Gpa
    const record = { page, ...(page === 0 && { block: BLOCK }) }
    if (written.has(at)) return [{ ...record, contents: vm.memory.read(at, PAGE_BYTES) }]
    return zeros === 'recorded' || at < ITTS ? [{ ...record, fill: 0 }] : []
  })
  const blocks = [{ name: BLOCK, bytes: PAGES * PAGE_BYTES }]
  return openSavedMachine(bytesSource(writeStream({ blocks, sections: [records.flat()], registers: vm.registers() })))
}

describe('ITTs of which hardly a page was written', () => {
  it('are looked at whole, however much room they have, and mended', async () => {
    const inspection = await inspect(await stream('recorded'))
    const [{ restored, tables }] = inspection.scenes as readonly [Scene]
    const [report] = inspection.audit()
    expect(report).toMatchObject({ gaps: [], tables: { devices: DEVICES }, restored: { devices: DEVICES }, revived: 1 })
    // A kernel reads every entry; what is known to be zero is a step for each page.
    expect(restored.entries).toBeGreaterThan(DEVICES * 65536)
    for (const { work } of [restored, tables]) expect(work).toBeLessThan(DEVICES * 2 ** 11)
    const plan = inspection.plan()
    expect([plan.obstacles, plan.writes.length > 0]).toEqual([[], true])
  })

  it('are looked at whole where the file has no record of those pages, and each is named', async () => {
    const [report] = (await inspect(await stream('missing'))).audit()
    expect(report!.gaps.map(({ code, says }) => [code, says])).toEqual(
      Array.from({ length: DEVICES }, (_, n) => [
        'M702',
        `The file has no record of 127 pages of the ITT of DeviceID 0x${(8 * n).toString(16)} that a restore reads.`,
      ]),
    )
  })
})
