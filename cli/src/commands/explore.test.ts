import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { bytesSource, inspect, open } from '@vits/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixtureFile, openFixture } from '../../../core/src/formats/testing/fixtures.ts'
import { vits } from '../testing/fake-io.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'vits-explore-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const fixture = (name: string) => fixtureFile(`${name}.mig.zst`).pathname
const explore = async (...args: string[]) => {
  const page = join(folder, 'page.html')
  rmSync(page, { force: true })
  const ran = await vits(['explore', ...args, '-o', page])
  const html = existsSync(page) ? readFileSync(page, 'utf8') : ''
  const cases = [...html.matchAll(/<script type="application\/octet-stream" ([^>]*)>([^<]*)<\/script>/g)]
  return { ...ran, page, html, cases: cases.map(([, words, base64]) => ({ words, bytes: Buffer.from(base64!, 'base64') })) }
}
const inspected = async (bytes: Uint8Array) => inspect(await open(bytesSource(gunzipSync(bytes))))

describe('vits explore', () => {
  it('puts a case into the page that comes to the same as the file, on every kernel, and exits as a check does', async () => {
    const { code, out, cases, page } = await explore(fixture('scattered-unrestorable'))
    expect(code).toBe(4)
    expect(out).toBe(`${page}: ${statSync(page).size} bytes. Open it in a browser; it needs no network.\n`)
    const carried = await inspected(cases[0]!.bytes)
    const own = await inspect(await openFixture('scattered-unrestorable'))
    expect(carried.judge()).toEqual(own.judge())
    expect(carried.audit()[0]!.findings).toEqual(own.audit()[0]!.findings)
    expect((await explore(fixture('healthy'))).code).toBe(0)
  })

  it('keeps what the guest’s kernel knows, so that the page need not search for it in vain', async () => {
    const file = fixtureFile('smmu-s3-kernel.vits').pathname
    const { cases } = await explore('--guest-kernel', file)
    const carried = await inspect(await open(bytesSource(gunzipSync(cases[0]!.bytes))), { guestKernel: 'always' })
    expect(carried.audit()[0]!.guestKernel).toMatchObject({ found: { by: expect.any(String) } })
  })

  it('blanks what is not the ITS’s with --scrub, and says so in the page', async () => {
    const { cases, out } = await explore('--scrub', fixture('scattered-unrestorable'))
    expect(cases[0]!.words).toContain('data-scrubbed')
    expect(out).toContain(', scrubbed. ')
    expect((await inspected(cases[0]!.bytes)).audit()[0]).toMatchObject({ verdict: 'fails', errno: 'EINVAL' })
  })

  it('names the kernel that the page begins with, and the file as text', async () => {
    const file = join(folder, 'a"<b>&.mig.zst')
    writeFileSync(file, readFileSync(fixture('healthy')))
    const { cases } = await explore('--kernel', 'linux-5.10', file)
    expect(cases[0]!.words).toBe(`data-case="${folder}/a&quot;&lt;b&gt;&amp;.mig.zst" data-kernel="linux-5.10"`)
  })

  it('takes two saves, and no more', async () => {
    const { cases } = await explore(fixture('before-churn'), fixture('churned'))
    expect(cases.map(({ words }) => words)).toEqual([
      expect.stringContaining('before-churn'),
      expect.stringContaining('/churned'),
    ])
    const [a, b, c] = [fixture('healthy'), fixture('healthy'), fixture('healthy')]
    expect(await explore(a, b, c)).toMatchObject({ code: 16, err: expect.stringContaining('two saves of one') })
  })

  it('wants a place to write to, and takes none that is in use', async () => {
    expect(await vits(['explore', fixture('healthy')])).toMatchObject({ code: 16, err: expect.stringContaining('-o FILE') })
    const page = join(folder, 'there.html')
    writeFileSync(page, 'mine')
    expect(await vits(['explore', fixture('healthy'), '-o', page])).toMatchObject({ code: 8 })
    expect(readFileSync(page, 'utf8')).toBe('mine')
    expect((await vits(['explore', fixture('healthy'), '-o', page, '--force'])).code).toBe(0)
    expect(await vits(['explore', fixture('healthy'), '-o', folder])).toMatchObject({ code: 8 })
  })

  it('writes nothing of a file that cannot be read', async () => {
    const file = join(folder, 'no.mig')
    writeFileSync(file, 'no saved VM')
    expect(await explore(file)).toMatchObject({ code: 8, html: '' })
  })
})
