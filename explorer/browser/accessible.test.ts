import { mkdirSync } from 'node:fs'
import axe from 'axe-core'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, Chromium, fixture, type Looking } from './chromium.ts'

/** What the tests looked at, to be looked at again. */
const pictures = new URL('../dist/pictures/', import.meta.url).pathname

let chromium: Chromium
let report: string
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true })
  chromium = await Chromium.start()
  report = (await chromium.report([fixture('scattered-unrestorable.mig.zst')])).path
})
afterAll(() => chromium.stop())

interface Violation {
  readonly id: string
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[]
}

/** What axe finds by the rules of WCAG 2.2 AA. */
async function violations(page: Page): Promise<string[]> {
  // Not by a script element, which the page's policy forbids.
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(of: Document, how: object): Promise<{ violations: Violation[] }> } }
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
    return (await axe.run(document, { runOnly: tags })).violations
  })
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 300)}`),
  )
}

const states: readonly (readonly [name: string, enter: (page: Page) => Promise<unknown>])[] = [
  ['as saved', async () => {}],
  [
    'after the repair',
    async (page) => {
      await page.keyboard.press('b')
      await page.waitForSelector('.verdict.restores')
    },
  ],
  [
    'at a moment of the history',
    async (page) => {
      await page.selectOption('.time select', { index: 1 })
      await page.waitForSelector('.not-then')
    },
  ],
  ['the report as text', (page) => page.keyboard.press('t').then(() => page.waitForSelector('dialog pre'))],
  ['the table', (page) => page.click('text=Table')],
  ['the help', (page) => page.keyboard.press('?')],
]

const looks: readonly (readonly [string, Looking])[] = [
  ['light, 1280 wide', { scheme: 'light', width: 1280, height: 1000 }],
  ['dark, 1280 wide', { scheme: 'dark', width: 1280, height: 1000 }],
  ['light, 390 wide', { scheme: 'light', width: 390, height: 844 }],
  ['dark, 390 wide', { scheme: 'dark', width: 390, height: 844 }],
]

describe.each(looks)('%s', (look, looking) => {
  it.each(states)('%s: axe finds nothing, and nothing is wider than the window', async (state, enter) => {
    const page = await chromium.openPath(report, looking)
    await enter(page)
    expect(await violations(page)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0)
    await page.screenshot({ path: `${pictures}${look}, ${state}.png`.replace(/[ ,]+/g, '-') })
  })

  it('the page without a file: axe finds nothing', async () => {
    const page = await chromium.newPage(looking)
    await page.goto(built('index.html').href)
    await page.waitForSelector('.pick')
    expect(await violations(page)).toEqual([])
  })
})

it('keeps its marks where colours are forced', async () => {
  const page = await chromium.openPath(report, { forcedColours: true })
  expect(await page.$eval('.ev.stop', (cell) => getComputedStyle(cell).forcedColorAdjust)).toBe('none')
  expect(await violations(page)).toEqual([])
})
