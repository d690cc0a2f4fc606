import { mkdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { inspect, open } from '@vits/core'
import { headline } from '@vits/core/audit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import type { BareVm } from '../../core/src/formats/testing/clothing.ts'
import { clothings } from '../../core/src/formats/testing/clothings.ts'
import { Chromium } from './chromium.ts'
import { PageWorker } from './page-worker.ts'

let chromium: Chromium
let worker: PageWorker
beforeAll(async () => {
  chromium = await Chromium.start()
  worker = await PageWorker.start(chromium)
})
afterAll(() => chromium.stop())

/** A VM that loses an event; with all eight GITS_BASER, as every VMM saves them. */
function vm(): BareVm {
  const planted = new PlantedVm()
    .map(8, { 0: [8192, 0] })
    .map(9, { 0: [8193, 1] })
    .save()
  const { registers, msi = [], virtio = [], vcpus = [] } = planted.input()
  const itses = registers.itses.map((its) => ({ ...its, baser: Array.from({ length: 8 }, (_, i) => its.baser[i] ?? 0n) }))
  return { memory: planted.memory, registers: { ...registers, itses }, msi, virtio, vcpus }
}

/** What a page opens that nobody tells more than the files: not the dumps here, whose RAM has no Linux to ask for registers. */
const told = clothings.filter(({ options }) => options === undefined)

describe('the page that files are dropped on', () => {
  it.each(told)('opens a $name as the library does', async ({ name, files }) => {
    const folder = join(chromium.folder, String(told.findIndex((clothing) => clothing.name === name)))
    mkdirSync(folder)
    const parts = await files(vm())
    const paths: string[] = []
    for (const { name, source } of parts) {
      paths.push(join(folder, basename(name)))
      writeFileSync(paths.at(-1)!, await source.slice(0, source.byteLength))
    }
    const own = await inspect(await open(parts))
    expect(await worker.answer(paths, 'headline')).toEqual({ headline: headline(own.audit(), []) })
  })
})
