import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core'
import { type Ran, vits } from '../../cli/src/testing/fake-io.ts'

/** Debian's own. */
const EXECUTABLE = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

export const built = (name: 'index.html' | 'report.html'): URL => new URL(`../dist/${name}`, import.meta.url)

export const fixture = (name: string): string => new URL(`../../fixtures/saved/${name}`, import.meta.url).pathname

/** How a page is looked at. */
export interface Looking {
  readonly width?: number
  readonly height?: number
  readonly scheme?: 'light' | 'dark'
  readonly offline?: boolean
  readonly forcedColours?: boolean
}

/** A browser for the tests of one file, and a folder for the reports they open. */
export class Chromium {
  readonly folder = mkdtempSync(join(tmpdir(), 'vits-explore-'))
  readonly #browser: Browser
  #contexts: BrowserContext[] = []
  /** Everything that pages asked for, but themselves, and every error they met. */
  readonly requests: string[] = []
  readonly errors: string[] = []

  private constructor(browser: Browser) {
    this.#browser = browser
  }

  static async start(): Promise<Chromium> {
    return new Chromium(await chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox'] }))
  }

  async stop(): Promise<void> {
    await this.#browser.close()
    rmSync(this.folder, { recursive: true })
  }

  async newPage({
    width = 1280,
    height = 900,
    scheme = 'light',
    offline = true,
    forcedColours = false,
  }: Looking = {}): Promise<Page> {
    for (const context of this.#contexts.splice(0)) await context.close()
    const context = await this.#browser.newContext({
      viewport: { width, height },
      colorScheme: scheme,
      offline,
      acceptDownloads: true,
      reducedMotion: 'reduce',
      ...(forcedColours && { forcedColors: 'active' }),
    })
    this.#contexts.push(context)
    const page = await context.newPage()
    page.on('pageerror', ({ message }) => this.errors.push(message))
    page.on('console', (message) => message.type() === 'error' && this.errors.push(message.text()))
    page.on('request', (request) => request.isNavigationRequest() || this.requests.push(request.url()))
    return page
  }

  /** Writes the report of files as `vits explore` does. */
  async report(files: readonly string[], ...options: readonly string[]): Promise<{ readonly path: string; readonly ran: Ran }> {
    const path = join(this.folder, 'report.html')
    const reportPage = async () => readFileSync(built('report.html'), 'utf8')
    const ran = await vits(['explore', ...files, '-o', path, '--force', ...options], {}, { reportPage })
    return { path, ran }
  }

  /** Opens the report of files from the disk, and waits until everything is there. */
  async open(files: readonly string[], looking: Looking = {}, hash = ''): Promise<Page> {
    const { path } = await this.report(files)
    return this.openPath(path, looking, hash)
  }

  async openPath(path: string, looking: Looking = {}, hash = ''): Promise<Page> {
    const page = await this.newPage(looking)
    await page.goto(`${pathToFileURL(path)}${hash}`)
    await ready(page)
    return page
  }
}

/** Until the rows, the other kernels and the repair are there. */
export const ready = async (page: Page): Promise<void> => {
  await page.waitForSelector('html[data-ready=all]', { state: 'attached', timeout: 60_000 })
}

/** What a page says, as text. */
export const texts = (page: Page, selector: string): Promise<string[]> =>
  // biome-ignore lint/performance/useDomNodeTextContent: what is hidden is not said, and lines are apart
  page.$$eval(selector, (all) => all.map((element) => (element as HTMLElement).innerText.replace(/\s+/g, ' ').trim()))

export const text = async (page: Page, selector: string): Promise<string | undefined> => (await texts(page, selector))[0]
