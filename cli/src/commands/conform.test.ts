import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'

const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))

const recording = (rc: string, steps: readonly unknown[] = []) => ({
  format: 'kvm-its-golden-1',
  scenario: 'fresh',
  kernel: '6.12.117+deb12-cloud-arm64',
  steps: [
    { op: 'create_vm', vcpus: 1, ram: [{ base: '0x40000000', size: '0x10000' }], gic_init: true, its_base: '0x8080000' },
    { op: 'its_read', reg: 'GITS_TYPER', rc, value: '0x1ef71' },
    ...steps,
  ],
})

describe('vits conform', () => {
  it('counts what was compared and exits 0 when nothing differs', async () => {
    const ran = await vits(['conform', 'a.json'], { 'a.json': bytes(recording('0')) })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toContain('1 files, 1 outcomes, 0 mismatches, 0 steps not supported')
  })

  it('names each difference with file, step, expected and got, and exits with problems', async () => {
    const ran = await vits(['conform', 'a.json'], { 'a.json': bytes(recording('EBUSY')) })
    expect(ran.code).toBe(4)
    expect(ran.out).toMatch(
      /a\.json: fresh, step 1 under linux-6\.12\.117: read GITS_TYPER\n {2}rc: expected EBUSY\n {6}got {6}0/,
    )
  })

  it('prints the same as JSON', async () => {
    const ran = await vits(['conform', '--json', 'a.json'], { 'a.json': bytes(recording('EBUSY')) })
    expect(JSON.parse(ran.out)).toMatchObject({
      files: 1,
      outcomes: 1,
      mismatches: [{ file: 'a.json', scenario: 'fresh', step: 1, field: 'rc', expected: 'EBUSY', got: '0' }],
      unsupported: [],
    })
  })

  it('says which steps it cannot play', async () => {
    const odd = { op: 'raw', what: 'a new verb', line: 'frobnicate 1', rc: '0' }
    const ran = await vits(['conform', 'a.json'], { 'a.json': bytes(recording('0', [odd])) })
    expect(ran.out).toContain('step 2: not supported: a new verb: frobnicate 1')
    expect(ran.out).toContain('1 steps not supported')
  })

  describe('--order', () => {
    const write = (reg: string, value = '0x0') => ({ op: 'its_write', reg, value })
    const cbaser = write('GITS_CBASER', '0x8000000040000000')
    const [lpiTables, enableLpis] = [
      { op: 'redist_write', cpu: 0, reg: 'GICR_PROPBASER', value: '0xf' },
      { op: 'redist_write', cpu: 0, reg: 'GICR_CTLR', value: '0x1' },
    ]
    const rest = [
      write('GITS_IIDR'),
      write('GITS_CREADR'),
      write('GITS_CWRITER'),
      write('GITS_BASER0'),
      { op: 'its_restore_tables' },
    ]
    const enable = write('GITS_CTLR', '0x1')
    const run = (steps: readonly unknown[]) => vits(['conform', '--order', 'a.json'], { 'a.json': bytes(recording('0', steps)) })

    it('says nothing of a restore in the documented order', async () => {
      const ran = await run([lpiTables, enableLpis, cbaser, ...rest, enable])
      expect(ran).toMatchObject({ code: 0, err: '' })
      expect(ran.out).not.toContain('out of order')
    })

    it('names what a restore does too late, and what KVM does about it', async () => {
      const ran = await run([lpiTables, enableLpis, ...rest, cbaser, enable])
      expect(ran.code).toBe(4)
      expect(ran.out).toContain('a.json: fresh, step 8: the restore of ITS 0 is out of order\n  GITS_CBASER does not come before')
      expect(ran.out).toMatch(
        /GITS_CBASER does not come before GITS_CREADR: GITS_CBASER sets GITS_CREADR to 0 .*\(no call fails\)$/m,
      )
    })

    it('prints the same as JSON', async () => {
      const files = { 'a.json': bytes(recording('0', [lpiTables, enableLpis, cbaser, ...rest])) }
      const { restores } = JSON.parse((await vits(['conform', '--order', '--json', 'a.json'], files)).out)
      expect(restores).toMatchObject([{ file: 'a.json', step: 9, its: 0, findings: [{ problem: 'missing', step: 'its-ctlr' }] }])
    })

    it('does not look at the order without being asked', async () => {
      const ran = await vits(['conform', 'a.json'], { 'a.json': bytes(recording('0', [...rest, cbaser, enable])) })
      expect([ran.code, ran.out]).toEqual([0, expect.not.stringContaining('out of order')])
    })
  })

  it('plays every recording of a folder, compressed ones too, each under its own kernel', async () => {
    const recorded = readFileSync('fixtures/vectors/e_redist.6.1.192.json.zst')
    const ran = await vits(['conform', 'all'], {
      'all/a.json': bytes(recording('0')),
      'all/b.json.zst': recorded,
      'all/c.txt': bytes(''),
    })
    expect(ran).toMatchObject({ code: 0, err: '' })
    expect(ran.out).toMatch(/^linux-6\.1\.192 +1 files, 31 outcomes, 0 mismatches$/m)
    expect(ran.out).toMatch(/^linux-6\.12\.117 +1 files, 1 outcomes, 0 mismatches$/m)
  })

  it('refuses a recording whose compressed bytes are damaged, with the byte', async () => {
    const damaged = readFileSync('fixtures/vectors/e_redist.6.1.192.json.zst')
    damaged[damaged.length >> 1]! ^= 1
    const ran = await vits(['conform', 'a.json.zst'], { 'a.json.zst': damaged })
    expect(ran).toMatchObject({ code: 8, out: expect.not.stringContaining('linux') })
    expect(ran.err).toMatch(/^vits: a\.json\.zst: at byte 0x[0-9a-f]+: expected a block compressed with zstd, found /)
  })

  it('plays under another kernel when told so', async () => {
    const recorded = readFileSync('fixtures/vectors/d_disable_keeps_mappings.6.1.192.json.zst')
    const ran = await vits(['conform', 'a.zst', '--kernel', 'linux-6.12.117'], { 'a.zst': recorded })
    expect(ran.code).toBe(4)
    expect(ran.out).toContain('BASER0 moved')
  })

  it.each([
    ['a file that is not there', 'none.json', {}, 'vits: none.json: no such file'],
    ['what is no JSON', 'a.json', { 'a.json': bytes('hello') }, 'vits: a.json: no recording: '],
    ['JSON of another kind', 'a.json', { 'a.json': bytes({ format: 'other' }) }, 'vits: a.json: no recording: its "format"'],
    [
      'a step before there is a VM',
      'a.json',
      { 'a.json': bytes({ ...recording('0'), steps: [{ op: 'its_read', reg: 'GITS_CTLR' }] }) },
      'vits: a.json: cannot be played: ',
    ],
    [
      'a kernel without a profile',
      'a.json',
      { 'a.json': bytes({ ...recording('0'), kernel: '3.16' }) },
      'vits: a.json: cannot be played: no profile',
    ],
  ])('says in one line what is wrong with %s', async (_what, path, files, message) => {
    const ran = await vits(['conform', path], files as Record<string, Uint8Array>)
    expect(ran.code).toBe(8)
    expect(ran.err.startsWith(message)).toBe(true)
    expect(ran.err.trimEnd().split('\n')).toHaveLength(1)
  })
})
