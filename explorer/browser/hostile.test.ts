import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { inspect } from '@vits/core'
import { writeCase } from '@vits/core/formats'
import { wholePages } from '@vits/core/tables'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { PlantedVm, RAM } from '../../core/src/audit/testing/planted-vm.ts'
import { plantedMachine } from '../../core/src/inspect/testing/planted-machine.ts'
import { built, Chromium, ready, text, texts } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await Chromium.start()
})
afterAll(() => chromium.stop())

const folder = new URL('../../fixtures/hostile/', import.meta.url).pathname
const files = readdirSync(folder).filter((name) => !/README|undo/.test(name))

const opened = async (path: string) => {
  const page = await chromium.newPage()
  await page.goto(pathToFileURL(built('index.html').pathname).href)
  await page.setInputFiles('input[type=file]', path)
  return page
}

describe('a file made to hurt', () => {
  it.each(files)('%s is judged as the program judges it, or refused, and the page lives', async (name) => {
    const { code, out } = await vits(['check', '--json', join(folder, name)])
    const page = await opened(join(folder, name))
    if (code === 8) {
      await page.waitForSelector('.trouble:not(:empty)', { timeout: 100_000 })
      return
    }
    await ready(page)
    const { headline } = JSON.parse(out) as { headline: string }
    expect(await text(page, '.headline')).toBe(headline)
    expect(await page.$$eval('*', (all) => all.length)).toBeLessThan(2500)
  })
})

describe('a device of very many events', () => {
  it('is one strip in its row and a map beside it, in which every event can be chosen', async () => {
    const events = Object.fromEntries(Array.from({ length: MANY }, (_, i) => [i, [8192 + i, i % 2] as const]))
    const vm = new PlantedVm({ queuePages: 64 }).map(8, events, { bits: 16, ittAddr: RAM + 0x180_0000 }).save()
    const machine = plantedMachine(vm)
    const { loaded } = await inspect(machine)
    const path = join(chromium.folder, 'many.vits')
    writeFileSync(path, gzipSync(await writeCase(machine, loaded.memory, wholePages(loaded.memory, loaded.ranges))))
    const page = await opened(path)
    await ready(page)
    expect(await texts(page, '.row .empty')).toEqual([`${MANY.toLocaleString('en')} events`])
    expect(await page.$$eval('*', (all) => all.length)).toBeLessThan(2000)
    const map = await page.waitForSelector('.events')
    const { width, height } = (await map.boundingBox())!
    await map.click({ position: { x: width / 2 + 0.5, y: height / 2 } })
    await page.waitForFunction(() => document.querySelector('#path-title')?.textContent?.includes('event') === true)
    const [, event = ''] = /event=(\d+)/.exec(await page.evaluate(() => location.hash)) ?? []
    expect(Math.abs(Number(event) - MANY / 2)).toBeLessThan(512)
    expect(await text(page, '.chain li:nth-child(4) h3')).toBe(`LPI ${8192 + Number(event)}`)
  })
})

const MANY = 57344
