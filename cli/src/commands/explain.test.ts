import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

describe('vits explain', () => {
  it('knows a problem by its code and by its slug', async () => {
    const [byCode, bySlug] = [await vits(['explain', 'd207']), await vits(['explain', 'orphan-ends-scan'])]
    expect(byCode.out).toBe(bySlug.out)
    for (const heading of ['What', 'Why', 'When', 'Then', 'Fix', 'See'])
      expect(byCode.out).toMatch(new RegExp(`^${heading} `, 'm'))
  })

  it('knows a rule of a witness, beside problems and in JSON', async () => {
    const { out } = await vits(['explain', 'D203', 'r-chain-gap'])
    expect(out).toMatch(/^D203 orphan-dte/)
    expect(out).toContain('\nR-chain-gap · the chain says: dead\n')
    for (const heading of ['When', 'Limit', 'For', 'See']) expect(out).toMatch(new RegExp(`^${heading} `, 'm'))
    const { problems, rules } = JSON.parse((await vits(['explain', 'R-lpi-on', '--json'])).out)
    expect([problems, rules]).toEqual([[], [expect.objectContaining({ rule: 'R-lpi-on', says: 'live', weak: true })]])
    expect(JSON.parse((await vits(['explain', '--json'])).out).rules).toBeUndefined()
  })

  it('refuses a problem nobody knows', async () => {
    expect(await vits(['explain', 'D999'])).toMatchObject({ code: 16, err: expect.stringContaining("'D999' is known") })
  })

  it('knows an errno by its name and by its number, and what answers it', async () => {
    const [name, number] = [await vits(['explain', 'efault']), await vits(['explain', '14'])]
    expect(name).toEqual(number)
    expect(name.out).toMatch(/^EFAULT · 14, Bad address\n/)
    expect(name.out).toContain('M702 table-page-missing')
  })
})

const refused = 'KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: Invalid argument'
const log = `boot\nqemu-system-aarch64: ${refused}\r\nnvme nvme0: I/O tag 1 (100c) QID 2 timeout, completion polled\n`

describe('vits explain of a message', () => {
  it('says what was called, what that means, which problems make it, and what to do next', async () => {
    const { code, out } = await vits(['explain', refused])
    expect(code).toBe(0)
    for (const heading of ['Call', 'Answer', 'Means', 'From', 'Made by', 'Next'])
      expect(out).toMatch(new RegExp(`^${heading} `, 'm'))
    expect(out).toContain('KVM_DEV_ARM_ITS_RESTORE_TABLES of the ITS')
    expect(out).toContain('D203 orphan-dte')
    expect(out).toContain('vits check FILE')
    expect((await vits(['explain', ...refused.split(' ')])).out).toBe(out)
  })

  it('finds those in a log, a file or standard input, each with its line', async () => {
    const files = { 'vm.log': Buffer.from(log), '-': Buffer.from(log) }
    const disk = { identity: async (path: string) => (path === 'vm.log' ? ({} as never) : undefined) } as never
    const [file, piped] = [await vits(['explain', 'vm.log'], files, { disk }), await vits(['explain', '-'], files)]
    expect(file).toEqual(piped)
    expect(file.out).toContain(`QEMU · line 2: qemu-system-aarch64: ${refused}\n`)
    expect(file.out).toContain("the guest's kernel · line 3: nvme nvme0")
    const { messages } = JSON.parse((await vits(['explain', '--json', '-'], files)).out)
    expect(messages).toEqual([
      expect.objectContaining({ message: 'qemu-device-attr', line: 2, times: 1, errno: 'EINVAL', next: ['vits check FILE'] }),
      expect.objectContaining({ message: 'guest-nvme-polled', line: 3, problems: expect.arrayContaining(['N801']) }),
    ])
  })

  it('says of a text that is not known which are the nearest, and of a log that nothing in it is known', async () => {
    const text = await vits(['explain', 'DEVICE_ATTR went wrong in group 4'])
    expect([text.code, text.out]).toEqual([8, ''])
    expect(text.err).toMatch(/^vits: no message that is known[^\n]*\n[^\n]*nearest[^\n]*\n +QEMU: KVM_/)
    const quiet = await vits(['explain', '-'], { '-': Buffer.from('nothing\nto see\n') })
    expect(quiet).toMatchObject({ code: 8, out: '', err: expect.stringContaining('2 lines of standard input') })
    const { unknown } = JSON.parse((await vits(['explain', '--json', 'vits and nothing else'])).out)
    expect(unknown).toEqual([{ text: 'vits and nothing else', nearest: expect.any(Array) }])
  })

  it('reads a log of any length in pieces, and cuts no message at their ends', async () => {
    const far = `${'x'.repeat(99)}\n`.repeat(10485)
    const { out } = await vits(['explain', '-'], { '-': Buffer.from(`${far}${'y'.repeat(40)}\n${refused}\n`) })
    expect(out).toContain('QEMU · line 10487: KVM_SET')
  })

  it('refuses a saved VM, and says what judges it', async () => {
    const vm = Buffer.from('QEVM\0\0\0\x03 and so on\n'.repeat(100))
    expect(await vits(['explain', '-'], { '-': vm })).toMatchObject({
      code: 8,
      out: '',
      err: expect.stringContaining('vits check FILE'),
    })
  })

  it('prints nothing of a log that a terminal would obey', async () => {
    const { out } = await vits(['explain', '-'], { '-': Buffer.from(`\x1b]0;owned\x07\u202e${refused}\n`) })
    expect(out).toContain('\\x1b]0;owned\\x07')
    expect(out).not.toMatch(/\u202e/)
  })
})
