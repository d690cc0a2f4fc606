import { readdirSync } from 'node:fs'
import { kernelSpans, releasedKernels } from '@vits/core/abi'
import type { CheckDocument, RepairDocument } from '@vits/core/documents'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { vits } from '../../cli/src/testing/fake-io.ts'
import { Chromium, fixture, text, texts } from './chromium.ts'

let chromium: Chromium
beforeAll(async () => {
  chromium = await Chromium.start()
})
afterAll(() => chromium.stop())

const files = readdirSync(fixture('')).filter((name) => /\.(mig|save|qcow2)\.zst$|\.vits$/.test(name))

const json = async <D>(...args: string[]): Promise<{ readonly code: number; readonly document: D }> => {
  const { code, out } = await vits([...args, '--json'])
  return { code, document: out === '' ? (undefined as never) : JSON.parse(out) }
}

/** Codes of a check, those with one severity and errno together, as the page has them. */
function reasonsOf({ findings }: CheckDocument): string[] {
  const groups = new Map<string, { readonly title: string; count: number }>()
  for (const { code, slug, severity, errno, its, confidence } of findings) {
    const key = `${its} ${code} ${severity} ${errno}`
    const known = groups.get(key)
    if (known === undefined) groups.set(key, { title: `${code} ${slug}|${confidence}`, count: 1 })
    else known.count++
  }
  return [...groups.values()].map(({ title, count }) => {
    const [name, confidence] = title.split('|')
    return `${name}${count > 1 ? ` ×${count.toLocaleString('en')}` : ''} · ${confidence}`
  })
}

const outcome = ({ verdict, errno }: { readonly verdict: string; readonly errno: string | null }): string =>
  verdict === 'fails' ? String(errno) : verdict

describe('the page says what the program says', () => {
  it.each(files)('of %s', async (name) => {
    const { code, document } = await json<CheckDocument>('check', fixture(name))
    const { path, ran } = await chromium.report([fixture(name)])
    expect(ran.code, ran.err).toBe(code)
    if (code === 8) return
    const page = await chromium.openPath(path)
    expect(await text(page, '.headline')).toBe(document.headline)
    expect((await texts(page, '.reasons .code')).sort()).toEqual(reasonsOf(document).sort())
    const chips = new Map(
      (await texts(page, '.k')).map((words) => [words.replace(/ \S+( \*)?$/, ''), words.replace(/^.* (\S+?)( \*)?$/, '$1')]),
    )
    for (const { kernel, ...row } of document.kernels.filter((one) => releasedKernels.includes(one.kernel))) {
      const chip = [...chips].find(([names]) => spansOf(names).includes(kernel))
      expect(chip?.[1], kernel).toBe(outcome(row))
    }
    const repair = (await json<RepairDocument>('repair', '-n', fixture(name))).document
    const changes = repair.writes.length + repair.registers.length
    const changed = repair.obstacles.length > 0 ? 'refused' : `${changes} ${changes === 1 ? 'word' : 'words'}`
    const unchanged = { restores: 'nothing to do', undecided: 'nothing proven' }[document.verdict as string] ?? 'nothing mends it'
    expect(await text(page, '.seg button:last-child small')).toBe(changes === 0 ? unchanged : changed)
    if (repair.obstacles.length > 0) return
    await page.keyboard.press('b')
    await page.waitForSelector('.seg button:last-child[aria-pressed=true]')
    const flows = await texts(page, '.flow dd:not(.small)')
    const { devices, events } = repair.after.restored
    expect(flows[2]).toBe(
      `${devices.toLocaleString('en')} ${devices === 1 ? 'device' : 'devices'} ${events.toLocaleString('en')} ${events === 1 ? 'event' : 'events'}`,
    )
  })

  it('met no error and asked for nothing on the way', () => {
    expect(chromium.errors).toEqual([])
    expect(chromium.requests.filter((url) => !url.startsWith('blob:'))).toEqual([])
  })
})

/** The kernels that a chip stands for. */
function spansOf(names: string): string[] {
  return names.split(', ').flatMap((span) => {
    const [from, to = from] = span.split(' to ').map((release) => `linux-${release}`)
    const [first, last] = [from, to].map((id) => releasedKernels.indexOf(id as never))
    return releasedKernels.slice(first, last! + 1)
  })
}

it('reads back the spans that it compares', () => {
  expect(spansOf(kernelSpans(releasedKernels).join(', ').replaceAll('linux-', ''))).toEqual(releasedKernels)
})
