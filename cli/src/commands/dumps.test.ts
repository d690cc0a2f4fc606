import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

const kdump = fileURLToPath(new URL('../../../fixtures/dumps/qemu-7.2.kdump-zlib.zst', import.meta.url))

it('a dump is judged by the registers that its guest keeps, and the report says whose they are', async () => {
  const { code, out } = await vits(['check', kdump])
  expect(code).toBe(4)
  expect(out).toMatch(
    /QEMU kdump file \(arm64\) · 2 vCPUs · 96\.06 MiB · 1 ITS at 0x8080000\nRegisters: none in the file: they are as the/,
  )
  expect(out).toContain('the revision in GITS_IIDR is 0')
  // It cannot be written back.
  expect(out).toContain(`vits repair -n ${kdump} `)
  expect(out).not.toContain('vits repair -p')
  const { registersFrom, looks } = JSON.parse((await vits(['check', '--json', kdump])).out)
  expect([registersFrom, looks[0]]).toMatchObject(['guest kernel', { subject: 'registers', outcome: 'in part' }])
})

it('a kdump file is not repaired, and says what can be', async () => {
  expect(await vits(['repair', '-y', kdump, '-o', 'fixed'])).toMatchObject({
    code: 8,
    err: expect.stringContaining('a kdump file cannot be written back, and a case of it can (vits extract)'),
  })
})
