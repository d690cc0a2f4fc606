import { readFile, writeFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parseGuestText } from '../../../core/src/audit/testing/guest-text.ts'
import { fixtureBytes, fixtureFile, fixtureText } from '../../../core/src/formats/testing/fixtures.ts'
import { sharingCase } from '../../../core/src/formats/testing/shared-registers.ts'
import { blankNuma } from '../testing/blank-page.ts'
import { vits } from '../testing/fake-io.ts'
import { holds, ownFolder } from '../testing/own-folder.ts'

const own = ownFolder()
const { inFolder, saved } = own

/** Events as the guest itself lists them: `8:0` to LPI. */
async function restoredEvents(path: string): Promise<Record<string, number>> {
  const { devices } = JSON.parse((await vits(['show', '--view', 'restored', '--json', path])).out) as {
    devices: { deviceId: number; events: { eventId: number; lpi: number }[] }[]
  }
  return Object.fromEntries(
    devices.flatMap(({ deviceId, events }) => events.map(({ eventId, lpi }) => [`${deviceId}:${eventId}`, lpi])),
  )
}

describe('check, repair -p, check', () => {
  it.each(['ghosts', 'unrestorable', 'scattered-unrestorable', 'wrapped', 'scattered-partly-repaired', 'smmu-s3'])(
    'finds %s broken, mends it, and finds it clean with all its live events',
    async (name) => {
      const [file, output] = [await saved(`${name}.mig`), inFolder('fixed.mig')]
      expect((await vits(['check', file])).code).toBe(4)
      const repaired = await vits(['repair', '-p', file, '-o', output])
      expect([repaired.code, repaired.err]).toEqual([0, ''])
      expect((await vits(['check', '--strict', output])).code).toBe(0)
      const guest = fixtureText(`${name}.guest-view.txt`)
      if (guest !== undefined) expect(await restoredEvents(output)).toEqual(Object.fromEntries(parseGuestText(guest).events))
      const again = await vits(['repair', '-p', output, '-o', inFolder('again.mig')])
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('Nothing to repair.')])
      expect(again.out).toContain(`${inFolder('again.mig')} is written and synced`)
      expect(await holds(inFolder('again.mig'), await readFile(output))).toBe(true)
    },
  )

  it.each(['bridge-s2', 'mem-numa2-s1', 'mem-vmem-s1', 'nvme72-s1', 'smmu-s1'])(
    'finds nothing to do in %s, whatever it may do',
    async (name) => {
      const run = await vits(['repair', '-n', '-y', fixtureFile(`${name}.mig.zst`).pathname])
      expect([run.code, run.out.includes('Nothing to repair')]).toEqual([0, true])
    },
  )

  it('leaves every other byte of the file as it is', async () => {
    const [file, output] = [await saved('ghosts.mig'), inFolder('fixed.mig')]
    const { out } = await vits(['repair', '--json', file, '-o', output])
    const { writes } = JSON.parse(out) as { writes: unknown[] }
    const [was, is] = [await readFile(file), await readFile(output)]
    expect(is.length).toBe(was.length)
    const changed = is.filter((byte, i) => byte !== was[i]).length
    expect([writes.length > 0, changed >= writes.length, changed <= 8 * writes.length]).toEqual([true, true, true])
  })

  it('leaves harmless leftovers alone unless asked, in a mapped-ram file in place', async () => {
    const file = await saved('qemu10-mapped-ram.mig')
    const lazy = await vits(['repair', '--in-place', file])
    expect([lazy.code, lazy.out.includes('--strict clears 3 harmless leftovers')]).toEqual([0, true])
    expect((await vits(['repair', '--strict', '--in-place', file])).code).toBe(0)
    expect((await vits(['check', '--strict', file])).code).toBe(0)
    expect((await vits(['undo', file])).code).toBe(0)
    expect((await vits(['check', '--strict', file])).code).toBe(4)
  })
})

describe('the exit status of a repair', () => {
  it('is 0 when it is done, so that a script goes on, and 1 as fsck(8) has it with --exit-code', async () => {
    const file = await saved('ghosts.mig')
    expect((await vits(['repair', file, '-o', inFolder('one.mig')])).code).toBe(0)
    expect((await vits(['repair', '--exit-code', file, '-o', inFolder('two.mig')])).code).toBe(1)
    expect((await vits(['repair', '--exit-code', inFolder('one.mig'), '-o', inFolder('three.mig')])).code).toBe(0)
    expect((await vits(['repair', '--exit-code', '-n', file])).code).toBe(4)
  })

  it('is 0 only with the output that was asked for: a VM that needs no repair is copied', async () => {
    const run = await vits(['repair', '--json', fixtureFile('healthy.mig.zst').pathname, '-o', inFolder('copy.mig')])
    expect([run.code, JSON.parse(run.out)]).toMatchObject([0, { written: inFolder('copy.mig'), writes: [] }])
    expect(await holds(inFolder('copy.mig'), fixtureBytes('healthy.mig'))).toBe(true)
    const lazy = await vits(['repair', fixtureFile('qemu10-mapped-ram.mig.zst').pathname, '-o', inFolder('left.mig')])
    expect(lazy.out).toMatch(/Nothing to repair; --strict clears 3 harmless leftovers\.\n.*left\.mig is written/s)
  })
})

describe('repair --rebuild', () => {
  it.each(['zeros', 'nothing'] as const)('brings back what stood in a page of which the file holds %s', async (how) => {
    const [file, output] = [inFolder('blank.mig'), inFolder('rebuilt.mig')]
    await writeFile(file, await blankNuma(how))
    const { verdict, findings } = JSON.parse((await vits(['check', '--json', file])).out)
    const codes = findings.map(({ code }: { code: string }) => code)
    expect([verdict, codes.includes('M702')]).toEqual(['corrupts', how === 'nothing'])
    const rebuilt = await vits(['repair', '--rebuild', file, '-o', output])
    expect([rebuilt.code, rebuilt.out.includes('The guest mapped it so, MAPTI at 0x')]).toEqual([0, true])
    expect((await vits(['check', '--strict', output])).code).toBe(0)
    expect(await restoredEvents(output)).toEqual(await restoredEvents(fixtureFile('numa.mig.zst').pathname))
  })

  it('says why it cannot, when the queue has gone round', async () => {
    const run = await vits(['repair', '--rebuild', fixtureFile('wrapped.mig.zst').pathname, '-o', inFolder('x.mig')])
    expect([run.code, run.err.includes('cannot be rebuilt: the history of the command queue is wrapped')]).toEqual([8, true])
  })
})

describe('registers that are not the guest’s', () => {
  it('are mended in place, told of, and taken back', async () => {
    const file = inFolder('sharing.vits')
    const bytes = await sharingCase(8193)
    await writeFile(file, bytes)
    expect(await vits(['check', file])).toMatchObject({
      code: 4,
      out: expect.stringContaining('R107 pending-table-not-the-guests'),
    })
    const dry = JSON.parse((await vits(['repair', '-n', '--json', file])).out)
    expect(dry).toMatchObject({
      written: null,
      before: { verdict: 'corrupts' },
      after: { verdict: 'restores' },
      writes: [],
      registers: [
        { register: 'GICR_PENDBASER', vcpuId: 1, from: '0x429e0780', to: '0x429f0780', code: 'R107', confidence: 'proven' },
      ],
    })
    const { code, out } = await vits(['repair', '--in-place', file])
    expect(code).toBe(0)
    expect(out).toContain('    GICR_PENDBASER of vCPU 1  0x429e0780 -> 0x429f0780\n')
    expect(out).toContain('the guest kernel: pend_page of the redistributor at 0x80c0000 is the page at 0x429f0000')
    expect(out).toContain('1 register changed, 8 bytes.')
    expect((await vits(['check', file])).code).toBe(0)
    expect(JSON.parse(await readFile(`${file}.undo`, 'utf8')).words).toEqual([
      'GICR_PENDBASER of vCPU 1  0x429e0780 -> 0x429f0780',
    ])
    await vits(['undo', file])
    expect(await holds(file, bytes)).toBe(true)
  })
})

describe('repair --heads', () => {
  it.each(['ours', 'none'])(
    '%s is no reason to refuse a repair for what the proposal loses by its own defects',
    async (heads) => {
      const output = inFolder('out')
      const file = await saved('scattered-unrestorable.mig')
      expect((await vits(['repair', '-o', output, '--heads', heads, file])).code).toBe(0)
      expect((await vits(['check', output])).code).toBe(0)
      expect((await vits(['repair', '-n', '--heads', heads, output])).out).toContain('Nothing to repair')
    },
  )

  it.each(['healthy', 'numa'])(
    'ours writes heads into %s, none takes them away, and each is undone to the byte',
    async (name) => {
      const file = await saved(`${name}.mig`)
      const plain = await readFile(file)
      const written = await vits(['repair', '--in-place', '--heads', 'ours', file])
      expect([written.code, written.out]).toEqual([0, expect.stringContaining('It names the first live entry of its table.')])
      const { heads, verdict, findings } = JSON.parse((await vits(['check', '--json', file])).out)
      expect([verdict, heads.stale, heads.deviceTable > 0]).toEqual(['restores', 0, true])
      expect(findings.filter(({ code }: { code: string }) => ['D216', 'I311'].includes(code))).toEqual([])
      expect(await restoredEvents(file)).toEqual(await restoredEvents(fixtureFile(`${name}.mig.zst`).pathname))
      const again = await vits(['repair', '-n', '--heads', 'ours', file])
      expect([again.code, again.out]).toEqual([0, expect.stringContaining('Nothing to repair')])

      const output = inFolder('none')
      expect((await vits(['repair', '-o', output, '--heads', 'none', file])).code).toBe(0)
      expect(await holds(output, plain)).toBe(true)
      await vits(['undo', file])
      expect(await holds(file, plain)).toBe(true)
    },
  )
})
