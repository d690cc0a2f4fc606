import { describe, expect, it } from 'vitest'
import { vits } from '../testing/fake-io.ts'
import { ownFolder } from '../testing/own-folder.ts'

const folder = ownFolder()

describe('vits prove --scope', () => {
  it('says that a claim holds for histories of any length, and exits 0', async () => {
    const { code, out, err } = await vits(['prove', '--scope', 'clearing'])
    expect([code, err]).toEqual([0, ''])
    expect(out).toContain('holds for histories of any length (no state is more than 12 operations away)')
    expect(out).toContain('2039 states')
  })

  it('tells the shortest history step by step where a claim is refuted, and exits 4', async () => {
    const { code, out } = await vits(['prove', '--scope', 'keeping', '--depth', '3'])
    expect(code).toBe(4)
    expect(out).toContain(
      [
        '  dead device back',
        '    linux-5.10 to linux-7.3.4; 2 images; 3 operations and the save:',
        '      1. MAPD DeviceID 0 ITT A',
        '      2. SAVE_TABLES',
        '      3. MAPD DeviceID 0 V=0',
        '    saved     nothing',
        '    restored  DeviceID 0 ITT A',
      ].join('\n'),
    )
  })

  it('says to which depth a claim holds that was ended before, and exits 64', async () => {
    let now = 0
    const ended = await vits(['prove', '--scope', 'clearing', '--depth', '4'])
    expect([ended.code, ended.out]).toEqual([64, expect.stringContaining('holds for histories of up to 4 operations; nothing')])
    const timed = await vits(['prove', '--scope', 'clearing', '--within', '1s'], {}, { now: () => (now += 700) })
    expect([timed.code, timed.out]).toEqual([64, expect.stringContaining('nothing is known of longer ones')])
  })

  it('says the same whatever the number of threads', async () => {
    const [one, three] = await Promise.all(
      ['1', '3'].map((jobs) => vits(['prove', '--scope', 'keeping,seal', '--depth', '5', '--jobs', jobs])),
    )
    expect(three).toEqual(one)
  })

  it('prints one document a line for several', async () => {
    const { code, out } = await vits(['prove', '--json', '--scope', 'clearing,keeping', '--depth', '3'])
    const documents = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(code).toBe(68)
    expect(documents).toMatchObject([
      { schema: 1, name: 'clearing', verdict: 'to depth', depth: 3, wrong: [] },
      {
        name: 'keeping',
        verdict: 'refuted',
        wrong: [{ kind: 'dead device back', history: [{ says: 'MAPD DeviceID 0 ITT A' }, {}, {}] }],
      },
    ])
    expect(documents[1].wrong[0].history[0].commands).toEqual([
      ['0x0000000000000008', '0x0000000000000000', '0x8000000040000000', '0x0000000000000000'],
    ])
  })

  it.each([
    [['prove'], 'name a saved VM, or with --scope what is to be gone through'],
    [['prove', '--scope', 'clearing', 'vm.migr'], 'name one of both'],
    [['prove', '--scope', 'claering'], "no scope 'claering' is known: name one of clearing, clearing-far,"],
  ])('refuses %j', async (args, says) => {
    const { code, err } = await vits(args)
    expect([code, err]).toEqual([16, expect.stringContaining(says)])
  })

  it('writes the VM of the shortest wrong restore as a case, not over a file that is there', async () => {
    const path = folder.inFolder('wrong.vits')
    const scoped = ['prove', '--scope', 'clearing,keeping', '--depth', '3', '-o', path]
    expect((await vits(scoped)).err).toContain('the VM after the shortest history to a wrong restore, dead device back')
    expect((await vits(['check', '--kernel', 'linux-6.6', path])).out).toContain('D203 orphan-dte')
    expect((await vits(scoped)).err).toContain('is there already; --force replaces it')
    const none = await vits(['prove', '--scope', 'clearing', '--depth', '2', '-o', folder.inFolder('none.vits')])
    expect(none.err).toContain('is not written: no restore is wrong')
  })

  it('writes nothing of a saved VM', async () => {
    expect((await vits(['prove', 'vm.mig', '-o', 'x.vits'])).err).toContain('name a scope')
  })
})
