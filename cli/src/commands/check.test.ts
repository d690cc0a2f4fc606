import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gpa, PAGE_BYTES } from '@vits/core/memory'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../../core/src/audit/testing/planted-vm.ts'
import { writeCase } from '../../../core/src/formats/index.ts'
import { fixtureBytes, fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { inspect } from '../../../core/src/inspect/index.ts'
import { plantedMachine } from '../../../core/src/inspect/testing/planted-machine.ts'
import { ittRanges, tableView } from '../../../core/src/tables/index.ts'
import { ExitCode } from '../exit-code.ts'
import { blankNuma } from '../testing/blank-page.ts'
import { vits } from '../testing/fake-io.ts'

const saved = (name: string) => fixtureFile(`${name}.mig.zst`).pathname

describe('vits check', () => {
  it.each`
    file                       | code | last
    ${'healthy'}               | ${0} | ${'Restores cleanly.'}
    ${'unrestorable.repaired'} | ${0} | ${'Restores cleanly.'}
    ${'ghosts'}                | ${4} | ${'Restores, but wrongly. Do not resume this VM.'}
    ${'unrestorable'}          | ${4} | ${'The restore fails: EINVAL at DeviceID 0x18 event 1: the pINTID is below the first LPI, 8192.'}
  `('$file: exit $code', async ({ file, code, last }) => {
    const ran = await vits(['check', saved(file)])
    expect([ran.code, ran.err]).toEqual([code, ''])
    expect(ran.out).toContain(last)
  })

  it('answers no 0 where it could not look, and says so', async () => {
    const vm = new PlantedVm().map(8, { 0: [8192, 0] }).save()
    const [itt] = ittRanges(vm.memory, tableView(vm.registers()).deviceTable)
    const unlocated = [{ base: gpa(itt!.base - (itt!.base % PAGE_BYTES)), bytes: PAGE_BYTES }]
    const machine = { ...plantedMachine(vm), unlocated }
    const { loaded } = await inspect(machine)
    const files = { 'x.vits': await writeCase(machine, loaded.memory, loaded.ranges) }
    const ran = await vits(['check', 'x.vits'], files)
    expect([ran.code, ran.err]).toEqual([ExitCode.Undecided, ''])
    expect(ran.out).toContain('M705 not-looked-at')
    expect(ran.out).toContain('Undecided: not everything was looked at (the file does not have all of it).')
    for (const args of [['show'], ['pages'], ['diff', 'x.vits']]) {
      const listed = await vits([...args, 'x.vits'], files)
      expect([listed.code, listed.err]).toEqual([
        ExitCode.Undecided,
        expect.stringMatching(/^vits: x\.vits: not everything was looked at/),
      ])
    }
    const repaired = await vits(['repair', '-n', 'x.vits'], files)
    expect([repaired.code, repaired.out]).toEqual([
      ExitCode.Undecided,
      expect.stringContaining('Nothing is repaired: not everything was looked at'),
    ])
  })

  it('starts each entry with its address and decodes it on the same line', async () => {
    const { out } = await vits(['check', saved('ghosts')])
    expect(out).toContain('0x44160040  0x80100000_0881b600  DeviceID 0x8  V=1 next=+8 ITT=0x440db000 bits=1')
  })

  it('prints one JSON document, one a line for several files, and adds up the exit bits', async () => {
    const one = await vits(['check', '--json', saved('scattered-unrestorable')])
    expect(JSON.parse(one.out)).toMatchObject({
      schema: 1,
      vcpus: 8,
      verdict: 'fails',
      errno: 'EINVAL',
      live: { devices: 20, events: 91 },
      orphans: { devices: [16, 20992, 21249, 41728, 62721] },
      history: { commands: 752, wrapped: false },
    })
    const two = await vits(['check', '--json', saved('healthy'), saved('ghosts'), '/nowhere'])
    expect(two.code).toBe(4 | 8)
    expect(
      two.out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).verdict),
    ).toEqual(['restores', 'corrupts', null])
    expect(two.err).toBe('vits: /nowhere: no such file\n')
  })

  it('gives each finding its code, place, proof and fix in JSON', async () => {
    const { out } = await vits(['check', '--json', saved('ghosts')])
    const { findings } = JSON.parse(out)
    expect(findings[0]).toMatchObject({
      code: 'D203',
      slug: 'orphan-dte',
      severity: 'corrupts',
      errno: null,
      confidence: 'proven',
      gpa: '0x44160040',
      word: '0x80100000_0881b600',
      deviceId: 8,
      eventId: null,
      fix: { safe: true, writes: [{ gpa: '0x44160040', from: '0x80100000_0881b600', to: '0x00000000_00000000' }] },
    })
    expect(findings[0].evidence.map(({ witness }: { witness: string }) => witness)).toEqual([
      'command queue',
      'LPI configuration',
    ])
  })

  it('counts harmless leftovers with --strict only', async () => {
    const { code, out } = await vits(['check', saved('qemu10-mapped-ram')])
    expect([code, out]).toEqual([0, expect.stringContaining('Restores. 3 leftovers do no harm now.')])
    expect((await vits(['check', '--strict', saved('qemu10-mapped-ram')])).code).toBe(4)
  })

  it('refuses a VM of QEMU’s own ITS with the reason', async () => {
    const { code, err } = await vits(['check', saved('tcg')])
    expect(code).toBe(8)
    expect(err).toMatch(/^vits: .*tcg\.mig\.zst: at byte 0x[0-9a-f]+: .*QEMU's own ITS/)
  })
})

it('tells what it is at, for whoever shows it where that takes long', async () => {
  const seen: string[] = []
  await vits(['check', saved('ghosts')], {}, { progress: (text) => seen.push(text) })
  expect(seen.filter((text) => text !== '' && !/^reading, \d+ %$/.test(text))).toEqual([
    'auditing',
    'restoring it on every kernel',
  ])
  expect(seen[0]).toMatch(/^reading, /)
  expect(seen.at(-1)).toBe('')
})

describe('a file that is no saved VM', () => {
  const whole = fixtureBytes('numa.mig')
  const random = new Uint8Array(50_000).map((_, i) => (i * 2654435761) >>> 13)
  const lying = whole.slice()
  lying.set([0xff, 0xff, 0xff, 0xff], 9)

  it.each([
    ['empty', new Uint8Array()],
    ['text', new TextEncoder().encode('not a VM\n'.repeat(100))],
    ['random bytes', random],
    ['cut in its header', whole.slice(0, 20)],
    ['cut in RAM', whole.slice(0, 200_000)],
    ['cut before its description', whole.slice(0, whole.length - 4000)],
    ['a length that lies', lying],
    ['a damaged zstd frame', new Uint8Array([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3])],
  ])('is refused with its name, the byte and no stack: %s', async (_what, bytes) => {
    for (const args of [
      ['check', 'vm.mig'],
      ['show', 'vm.mig'],
    ]) {
      const { code, out, err } = await vits(args, { 'vm.mig': bytes })
      expect([code, out]).toEqual([8, ''])
      expect(err).toMatch(/^vits: vm\.mig: at byte 0x[0-9a-f]+: expected .*, found .*\n$/)
    }
  })
})

describe('the words of vits check', () => {
  it('calls a table that no kernel can end by its name, and decodes no word of another kind as its entry', async () => {
    const { out } = await vits(['check', '--kernel', 'linux-4.13', saved('churned')])
    expect(out).toContain('restore fails: EINVAL at the device table')
    expect(out).not.toMatch(/ DTE {2}V=/)
    expect(out).toContain('1 mapped device has no event')
    expect(out).toContain('once that is mended: loses 1 device without events')
  })

  it('names what comes back, and quotes QEMU to the letter', async () => {
    expect((await vits(['check', saved('ghosts')])).out).toContain('The restore succeeds, and brings back 4 dead events.')
    expect((await vits(['check', saved('unrestorable')])).out).toContain(
      'KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x0000000000000002: Invalid argument',
    )
  })

  it('gives commands that can be pasted, whatever the file is called', async () => {
    const { out } = await vits(['check', '--', "-my vm's\x1b[2J.mig"], { "-my vm's\x1b[2J.mig": fixtureBytes('ghosts.mig') })
    expect(out).not.toContain('\x1b')
    expect(out).toContain(String.raw`vits repair -p $'./-my vm\'s\x1b[2J.mig' -o`)
  })
})

describe('an undo file beside a saved VM', () => {
  it('is told, with how far the repair came: one that was interrupted too', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vits-undo-'))
    try {
      const file = join(folder, 'vm.mig')
      const original = fixtureBytes('unrestorable.mig')
      await writeFile(file, original)
      expect(JSON.parse((await vits(['check', '--json', file])).out).undo).toBeNull()
      await vits(['repair', '--in-place', file])
      const repaired = await readFile(file)
      const half = Buffer.from(repaired)
      const changed = repaired.findIndex((byte, at) => byte !== original[at])
      half[changed] = original[changed]!
      const foreign = Buffer.from(repaired)
      foreign[changed] = repaired[changed]! ^ original[changed]! ^ 255
      for (const [bytes, state, words] of [
        [repaired, 'repaired', 'It was repaired in place; vits undo '],
        [original, 'unchanged', 'A repair in place ended before it changed a word; vits undo '],
        [half, 'interrupted', 'A repair in place was interrupted, and some of its words are written and others not; vits undo '],
        [foreign, 'foreign', 'lies beside it, and is of another VM'],
      ] as const) {
        await writeFile(file, bytes)
        expect(JSON.parse((await vits(['check', '--json', file])).out).undo).toEqual({ file: `${file}.undo`, state })
        expect((await vits(['check', file])).out).toContain(words)
      }
      await writeFile(`${file}.undo`, '{}')
      expect((await vits(['check', file])).out).toContain('vm.mig.undo lies beside it, and cannot be read.')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('of a repair that moved bytes is of a file that is repaired, or is not', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'vits-undo-'))
    try {
      const file = join(folder, 'vm.mig')
      const blank = await blankNuma('zeros')
      await writeFile(file, blank)
      await vits(['repair', '--rebuild', '--in-place', file])
      const undo = async () => JSON.parse((await vits(['check', '--json', file])).out).undo.state
      expect(await undo()).toBe('repaired')
      await writeFile(file, blank)
      expect(await undo()).toBe('unchanged')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
