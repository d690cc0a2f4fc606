import { pathToFileURL } from 'node:url'
import type { Page } from 'playwright-core'
import { built, type Chromium } from './chromium.ts'

/** What the worker comes to; a refusal in its words. */
export interface Answer {
  readonly refusal?: string
  /** What the VM comes to. */
  readonly headline?: string
  /** Of the repaired file. */
  readonly sha256?: string
}

/** The worker of the page that files are dropped on, without a page drawn around it. */
export class PageWorker {
  readonly #page: Page

  private constructor(page: Page) {
    this.#page = page
  }

  static async start(chromium: Chromium): Promise<PageWorker> {
    const page = await chromium.newPage()
    await page.goto(pathToFileURL(built('index.html').pathname).href)
    await page.evaluate(start)
    return new PageWorker(page)
  }

  /** What it makes of the files of one VM: what a restore does, or what is in the repaired file. */
  async answer(files: readonly string[], about: 'headline' | 'repaired'): Promise<Answer> {
    await this.#page.setInputFiles('#tried', [...files])
    return this.#page.evaluate<Answer>(`tried('${about}')`)
  }
}

/** Runs in the page. */
async function start(): Promise<void> {
  const field = document.createElement('input')
  Object.assign(field, { type: 'file', id: 'tried', multiple: true })
  document.body.append(field)
  const packed = Uint8Array.from(atob(document.getElementById('worker')!.textContent!), (c) => c.charCodeAt(0))
  const text = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()
  const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })))
  let id = 0
  const ask = (question: string, asked: object) =>
    new Promise<never>((answer, fail) => {
      const own = ++id
      const heard = ({ data }: MessageEvent) => {
        if (data.id !== own) return
        worker.removeEventListener('message', heard)
        if ('error' in data) fail(new Error(data.error))
        else answer(data.answer as never)
      }
      worker.addEventListener('message', heard)
      worker.postMessage({ id: own, question, asked })
    })
  const tried = async (about: string) => {
    const files = [...field.files!].map((blob) => ({ name: blob.name, blob }))
    try {
      const [given, ...others] = (await ask('machines', { files })) as object[]
      if (others.length > 0) throw new Error('several saved VMs')
      const { kernel } = (await ask('open', { vm: 0, given, kernel: undefined })) as { kernel: string }
      if (about === 'headline') {
        const { facts } = (await ask('judgement', { vm: 0, kernel, isAfter: false, its: 0 })) as { facts: { headline: string } }
        return { headline: facts.headline }
      }
      const [copy] = (await ask('repaired', { vm: 0 })) as { blob: Blob }[]
      const digest = await crypto.subtle.digest('SHA-256', await copy!.blob.arrayBuffer())
      return { sha256: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('') }
    } catch (error) {
      return { refusal: (error as Error).message }
    }
  }
  Object.assign(globalThis, { tried })
}
