import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { style } from '../../cli/src/style.ts'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { built, Chromium, fixture, text, texts } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await Chromium.start()
})
afterAll(() => chromium.stop())

const broken = fixture('scattered-unrestorable.mig.zst')
const selected = (page: Page) => text(page, '.row[aria-selected=true] .id b')
const hash = (page: Page) => page.evaluate(() => location.hash)

describe('a report', () => {
  it('says which device stops the restore, why, what clearing only that entry loses, and what the repair changes', async () => {
    const page = await chromium.open([broken])
    expect(await text(page, 'h1')).toBe('This VM will not come back')
    expect(await text(page, '.why')).toBe('KVM stops at DeviceID 0x5200 event 0: the ICID has no collection.')
    expect(await text(page, '.trap')).toBe(
      'Mind the trap. Clearing only the entry that KVM names 0x44049000 would let the restore succeed and lose 40 events of 7 devices without a word, and would bring back 9 dead events.',
    )
    expect(await selected(page)).toBe('0x5200')
    expect((await texts(page, '.broken h3')).join()).toBe('Device table entry,ITT entry of event 0,Collection 4608')
    await page.keyboard.press('b')
    await page.waitForSelector('.verdict.restores')
    expect(await text(page, 'h1')).toBe('After the repair, this VM comes back')
    expect((await texts(page, '.writes b')).length).toBe(5)
    expect(await text(page, '.command code')).toMatch(/^vits repair -p \S+ -o \S+\.fixed\.mig$/)
    expect(await texts(page, '.row.gone .id b')).toEqual(['0x10', '0x5200', '0x5301', '0xa300', '0xf501'])
  })

  it('is one file that asks for nothing, is within its size, and lets nothing else run', async () => {
    const { path, ran } = await chromium.report([broken])
    expect(ran.code).toBe(4)
    const html = readFileSync(path, 'utf8')
    const [, carried = ''] = /data-case="[^"]*">([^<]*)</.exec(html) ?? []
    expect(statSync(path).size).toBeLessThanOrEqual(300_000 + carried.length)
    expect(/content="([^"]*)"/.exec(html)?.[1]).toMatch(
      /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; worker-src blob:/,
    )
    const page = await chromium.openPath(path)
    const ranAnyhow = await page.evaluate(() => {
      const script = document.createElement('script')
      script.textContent = 'globalThis.ranAnyhow = true'
      document.body.append(script)
      return 'ranAnyhow' in globalThis
    })
    expect(ranAnyhow).toBe(false)
    expect(chromium.requests.filter((url) => !url.startsWith('blob:'))).toEqual([])
    chromium.errors.splice(0)
  })

  it('shows the name of a file as text, whatever it is', async () => {
    const name = '<img src=x onerror=alert(1)>".mig'
    const reportPage = async () => readFileSync(built('report.html'), 'utf8')
    const path = join(chromium.folder, 'odd.html')
    await vits(['explore', name, '-o', path, '--force'], { [name]: readFileSync(broken) }, { reportPage })
    const page = await chromium.openPath(path)
    expect(await text(page, '.file b')).toBe(name)
    expect(await page.$$eval('img', (all) => all.length)).toBe(0)
  })

  it('says that it was scrubbed, and comes to the same', async () => {
    const { path } = await chromium.report([broken], '--scrub')
    const page = await chromium.openPath(path)
    expect(await text(page, '.file em')).toBe('scrubbed')
    expect(await text(page, '.headline')).toBe(
      'Does not come back on linux-7.3.4: EINVAL at a stale entry of the disk at 52:00.0.',
    )
  })

  it('begins with the kernel that was named, and has the row that it reads outside the table', async () => {
    const { path } = await chromium.report([broken], '--kernel', 'linux-5.10')
    const page = await chromium.openPath(path)
    expect(await text(page, '.k[aria-pressed=true] small')).toBe('EFAULT')
    expect(await text(page, '.row.outside .id b')).toBe('0x22000')
    expect((await texts(page, '.reasons .code'))[0]).toBe('D213 dte-next-past-page · proven')
    expect((await texts(page, '.broken h3')).slice(-2)).toEqual(['Device table entry', 'ITT entry of event 0'])
  })

  it('is redrawn for the kernel whose chip is pressed, and for the state', async () => {
    const page = await chromium.open([broken])
    await page.click('.k:first-of-type')
    await page.waitForSelector('.row.outside')
    expect(await text(page, '.headline')).toMatch(/^Does not come back on linux-5.10: EFAULT/)
    await page.click('.k:last-of-type')
    await page.click('text=After repair')
    await page.waitForSelector('.verdict.restores')
    await page.click('text=As saved')
    await page.waitForSelector('.verdict.fails')
    expect(await page.$('.row.outside')).toBeNull()
  })

  it('opens at what a link names', async () => {
    const page = await chromium.open([broken], {}, '#kernel=linux-6.6&device=0xa300&event=2&moment=470')
    expect(await text(page, '#path-title')).toBe('The way of 0xa300 event 2')
    expect(await text(page, '.time p')).toMatch(/^after 470 of 752: /)
    expect(await page.$eval('select', (select) => (select as HTMLSelectElement).value)).toBe('linux-6.6')
    const repaired = await chromium.open([broken], {}, '#after=1&device=0x5200')
    await repaired.waitForSelector('.verdict.restores')
    expect(await text(repaired, '#path .sum')).toBe('The disk at 52:00.0: cleared')
    const other = await chromium.open([fixture('two-itses.vits')], {}, '#its=0')
    expect(await text(other, '.seg [aria-pressed=true]:has-text("ITS")')).toMatch(/^ITS 0/)
  })

  it('prints what vits check prints, and saves the case that it carries', async () => {
    const page = await chromium.open([broken])
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=Save case')])
    const saved = join(chromium.folder, download.suggestedFilename())
    await download.saveAs(saved)
    const again = await chromium.open([saved])
    await again.keyboard.press('t')
    expect(await again.textContent('dialog pre')).toBe((await vits(['check', saved], {}, { style: style(false) })).out)
  })

  it('keeps to few elements, and has a table of words beside the drawing', async () => {
    const page = await chromium.open([fixture('scattered-clean.mig.zst')], { height: 1100 })
    expect(await page.$$eval('*', (all) => all.length)).toBeLessThan(2000)
    await page.click('text=Table')
    const rows = await texts(page, 'dialog tbody tr')
    expect(rows.length).toBe(Math.min(100, Number((await text(page, '.flow:nth-child(2) b'))?.replace(',', ''))))
    expect(rows[0]).toMatch(/^0x8 .* has it mapped .* back$/)
  })

  it('prints every row, and shows the window’s again afterwards', async () => {
    const page = await chromium.open([broken], { height: 400 })
    const rows = () => page.$$eval('.row', (all) => all.length)
    const shown = await rows()
    await page.evaluate(() => dispatchEvent(new Event('beforeprint')))
    expect(await rows()).toBe(25)
    await page.evaluate(() => dispatchEvent(new Event('afterprint')))
    expect(await rows()).toBe(shown)
  })

  it('shows the heads of the tables, of a VM that was repaired with heads', async () => {
    const mended = join(chromium.folder, 'heads.mig')
    expect(
      (await vits(['repair', '--heads', 'ours', fixture('scattered-unrestorable.mig.zst'), '-o', mended, '--force'])).code,
    ).toBe(0)
    const page = await chromium.open([mended])
    expect(await text(page, 'h1')).toBe('This VM comes back')
    expect((await texts(page, '.line.page')).join()).toContain('dummy head')
    expect(await text(page, '#path')).toContain('head')
  })

  it('shows the ITS that is chosen, of several', async () => {
    const page = await chromium.open([fixture('two-itses.vits')])
    expect(await text(page, '.seg button.corrupts[aria-pressed=true]')).toMatch(/^ITS 1/)
    await page.click('.seg button:has-text("ITS 0")')
    await page.waitForSelector('.seg button.restores[aria-pressed=true]')
    expect(await texts(page, '.row .id b')).toEqual(['0x10'])
    await page.click('.seg button:has-text("ITS 1")')
    await page.waitForSelector('.seg button.corrupts[aria-pressed=true]')
    expect(await texts(page, '.row .id b')).toEqual(['0x8', '0x10', '0x18'])
    expect(await texts(page, '.row .fate')).toEqual(['dead, back', 'lost', 'lost'])
  })

  it('of two saves tells what changed between them', async () => {
    const page = await chromium.open([fixture('before-churn.mig.zst'), fixture('churned.mig.zst')])
    const { out } = await vits(['diff', '--json', fixture('before-churn.mig.zst'), fixture('churned.mig.zst')])
    const { views } = JSON.parse(out) as { views: { guest: { what: string; deviceId?: number; eventId?: number }[] } }
    await page.waitForSelector('.changes li, .none')
    const whole = views.guest
      .filter(({ what, eventId }) => eventId === undefined && /^(un)?mapped$/.test(what))
      .map(({ deviceId }) => deviceId)
    const told = views.guest.filter(({ deviceId, eventId }) => eventId === undefined || !whole.includes(deviceId))
    expect((await texts(page, '.changes li')).length).toBe(Math.min(60, told.length))
    expect((await texts(page, '.seg button')).length).toBe(3)
  })
})

describe('the history', () => {
  it('plays, and stops where it is paused', async () => {
    const page = await chromium.open([broken])
    await page.click('[aria-label=play]')
    await page.waitForFunction(() => Number(/^after (\d+) /.exec(document.querySelector('.time p')?.textContent ?? '')?.[1]) > 20)
    await page.click('[aria-label=pause]')
    const paused = await hash(page)
    await page.waitForTimeout(250)
    expect(await hash(page)).toBe(paused)
    expect(paused).toContain('moment=')
  })
})

describe('on a phone', () => {
  it('the verdict and why stand there first, and the chain is a sheet that comes when it is asked for', async () => {
    const page = await chromium.open([broken], { width: 390, height: 844 })
    const sheet = async () => (await (await page.$('#path'))!.boundingBox())!
    const why = (await (await page.$('#why'))!.boundingBox())!
    expect(why.y + why.height).toBeLessThan((await sheet()).y)
    expect((await sheet()).height).toBeLessThan(80)
    await page.click('text=show')
    expect((await sheet()).height).toBeGreaterThan(250)
    expect((await sheet()).y + (await sheet()).height).toBe(844)
    await page.click('text=hide')
    expect((await sheet()).height).toBeLessThan(80)
  })
})

describe('the keys', () => {
  it('go through devices, events and problems, and find', async () => {
    const page = await chromium.open([broken])
    await page.keyboard.press('ArrowDown')
    expect(await selected(page)).toBe('0x5201')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('ArrowRight')
    expect(await hash(page)).toContain('device=0x5201&event=2')
    await page.keyboard.press('Home')
    expect(await selected(page)).toBe('0x8')
    await page.keyboard.press('End')
    expect(await selected(page)).toBe('0xf501')
    await page.keyboard.press('n')
    expect(await selected(page)).toBe('0x5200')
    await page.keyboard.press('n')
    expect(await selected(page)).toBe('0xa300')
    await page.keyboard.press('p')
    expect(await selected(page)).toBe('0x5200')
    for (const [words, device] of [
      ['01:00.1', '0x101'],
      ['virtio-net', '0x5201'],
      ['0xf400', '0xf400'],
      ['8256', '0xa300'],
      ['0x44049000', '0x5200'],
      ['0x43c02a08', '0xa300'],
    ] as const) {
      await page.keyboard.press('/')
      await page.keyboard.press('Control+a')
      await page.keyboard.type(words)
      await page.keyboard.press('Enter')
      expect(await selected(page), words).toBe(device)
      await page.$eval('#find', (field) => (field as HTMLElement).blur())
    }
    await page.keyboard.press('?')
    expect(await text(page, 'dialog h2')).toBe('How to read and steer this page')
    await page.keyboard.press('Escape')
    await page.waitForSelector('dialog', { state: 'detached' })
  })

  it('go through the history, and a jump leads to the command that matters', async () => {
    const page = await chromium.open([broken])
    await page.selectOption('.time select', { index: 1 })
    await page.waitForFunction(() => document.querySelector('.time p')?.textContent?.startsWith('after 440'))
    expect(await text(page, '.time p')).toBe('after 440 of 752: MAPD DeviceID 0x5200 V=0 at 0x429e36e0')
    expect(await page.$eval('#row-20992', (row) => row.classList.contains('not-then'))).toBe(true)
    await page.focus('#grid')
    await page.keyboard.press(',')
    await page.waitForFunction(() => document.querySelector('.time p')?.textContent?.startsWith('after 439'))
    expect(await page.$eval('#row-20992', (row) => row.classList.contains('not-then'))).toBe(false)
    await page.click('text=back to now')
    await page.waitForFunction(() => document.querySelector('.time p')?.textContent === 'all 752 commands')
  })

  it('reach everything by Tab alone', async () => {
    const page = await chromium.open([broken])
    const seen = new Set<string>()
    for (let i = 0; i < 60; i++) {
      await page.keyboard.press('Tab')
      seen.add(
        await page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent?.trim().slice(0, 12) || ''),
      )
    }
    expect([...seen]).toEqual(expect.arrayContaining(['find', 'Text', 'Table', 'Save case', 'As saved', 'grid', 'path']))
  })
})
