import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { built, Chromium, fixture, ready, text, texts } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await Chromium.start()
})
afterAll(() => chromium.stop())

const broken = fixture('scattered-unrestorable.mig.zst')
describe('the page that files are dropped on', () => {
  const dropped = async (files: readonly string[]) => {
    const page = await chromium.newPage()
    await page.goto(pathToFileURL(built('index.html').pathname).href)
    await page.setInputFiles('input[type=file]', [...files])
    return page
  }

  it('opens a file as it is on the disk, offline, and writes the same repaired file as the program', async () => {
    const page = await dropped([broken])
    await ready(page)
    expect(await text(page, '.headline')).toBe(
      'Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.',
    )
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save repaired')])
    expect(download.suggestedFilename()).toBe('repaired-scattered-unrestorable.mig')
    const saved = join(chromium.folder, 'page.mig')
    await download.saveAs(saved)
    const written = join(chromium.folder, 'program.mig')
    await vits(['repair', broken, '-o', written, '--force'])
    expect(Buffer.compare(readFileSync(saved), readFileSync(written))).toBe(0)
  })

  it('compares two saves of a VM, and refuses more than that', async () => {
    const page = await dropped([fixture('before-churn.mig.zst'), fixture('churned.mig.zst')])
    await ready(page)
    await page.waitForSelector('.changes li')
    expect((await texts(page, '.seg button')).length).toBe(3)
    const third = await dropped(['before-churn', 'churned', 'healthy'].map((name) => fixture(`${name}.mig.zst`)))
    await third.waitForSelector('.trouble:not(:empty)')
    expect(await text(third, '.trouble')).toContain('these are 3 saved VMs')
  })

  it('offers no repaired file where none can be written', async () => {
    const page = await dropped([fixture('savevm.qcow2.zst')])
    await ready(page)
    expect(await page.$('text=Save repaired')).toBeNull()
    const { err } = await vits(['repair', fixture('savevm.qcow2.zst'), '-o', join(chromium.folder, 'no.qcow2')])
    await page.keyboard.press('b')
    expect(err.replace(/\s+/g, ' ')).toContain(
      (await (await page.waitForSelector('.unwritten')).textContent())!.replace(/\.$/, ''),
    )
  })

  it('takes a file that is really dropped', async () => {
    const page = await chromium.newPage()
    await page.goto(pathToFileURL(built('index.html').pathname).href)
    const bytes = readFileSync(fixture('two-itses.vits')).toString('base64')
    await page.evaluate((base64) => {
      const transfer = new DataTransfer()
      transfer.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], 'two.vits'))
      dispatchEvent(new DragEvent('drop', { dataTransfer: transfer }))
    }, bytes)
    await ready(page)
    expect(await text(page, '.file b')).toBe('two.vits')
  })

  it('refuses what the program refuses, with its words', async () => {
    const file = fixture('tcg.mig.zst')
    const { err } = await vits(['check', file])
    const page = await dropped([file])
    await page.waitForSelector('.trouble:not(:empty)')
    const said = (await text(page, '.trouble'))!.replace('tcg.mig.zst: ', '')
    expect(err.replace(/\s+/g, ' ')).toContain(said)
  })

  it('works from a static host, and asks it for nothing but itself', async () => {
    const page = await chromium.newPage({ offline: false })
    const server = createServer((_, answer) =>
      answer.setHeader('content-type', 'text/html').end(readFileSync(built('index.html'))),
    )
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await page.setInputFiles('input[type=file]', fixture('two-itses.vits'))
    await ready(page)
    expect(await text(page, 'h1')).toBe('This VM comes back broken')
    server.closeAllConnections()
    server.close()
  })

  it('met no error and sent nothing', () => {
    expect(chromium.errors).toEqual([])
    expect(chromium.requests.filter((url) => !url.startsWith('blob:'))).toEqual([])
  })
})
