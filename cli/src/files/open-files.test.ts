import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { state } from '../../../core/src/formats/testing/firecracker-snapshot.ts'
import { fixtureBytes } from '../../../core/src/formats/testing/fixtures.ts'
import type { Gpa } from '../../../core/src/memory/index.ts'
import { vits } from '../testing/fake-io.ts'

let folder: string
const path = (name: string) => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vits-folder-'))
  for (const name of ['one', 'two', 'none', 'many']) await mkdir(path(name))
  await mkdir(path('one/folder'))
  await writeFile(path('one/vm.mig'), fixtureBytes('ghosts.mig'))
  await writeFile(path('one/notes.txt'), 'what else lies there')
  await writeFile(path('one/.vm.mig'), fixtureBytes('healthy.mig'))
  await writeFile(path('none/notes.txt'), 'no VM')
  for (const name of ['a', 'b']) await writeFile(path(`two/${name}`), fixtureBytes('healthy.mig').subarray(0, 99))
  for (let i = 0; i <= 256; i++) await writeFile(path(`many/${i}`), '')
})
afterAll(() => rm(folder, { recursive: true }))

describe('a folder', () => {
  it('with one saved VM in it is that VM', async () => {
    const [inFolder, alone] = [await vits(['check', '--json', path('one')]), await vits(['check', '--json', path('one/vm.mig')])]
    expect(inFolder.code).toBe(alone.code)
    expect({ ...JSON.parse(inFolder.out), file: '' }).toEqual({ ...JSON.parse(alone.out), file: '' })
  })

  it.each([
    ['none', 'is a folder without a saved VM in it'],
    ['many', 'has more than 256 files in it: name one'],
  ])('is refused: %s', async (name, words) => {
    expect(await vits(['check', path(name)])).toMatchObject({ code: 8, err: `vits: ${path(name)}: ${words}\n` })
  })

  it('with several saved VMs is refused with their names', async () => {
    const { code, err } = await vits(['show', path('two')])
    expect([code, err]).toEqual([
      8,
      `vits: ${path('two')}: is a folder of 2 saved VMs: name one of ${path('two/a')}, ${path('two/b')}\n`,
    ])
  })

  it('is repaired where the VM lies, and the repair taken back', async () => {
    const repaired = await vits(['repair', '-y', '--in-place', path('one')])
    expect(repaired.out).toContain(`${path('one/vm.mig.undo')} takes it back: vits undo ${path('one/vm.mig')}`)
    expect((await vits(['repair', '-y', '--in-place', path('one')])).err).toContain('is there from an earlier repair')
    expect((await vits(['undo', path('one')])).code).toBe(0)
    expect((await vits(['undo', path('one')])).err).toContain('no repair in it can be taken back')
  })
})

describe('files beside the one that is named', () => {
  it('that are no part of the saved VM are refused by their names', async () => {
    const { code, err } = await vits(['check', path('one/vm.mig'), '--mem', path('one/notes.txt')])
    expect([code, err]).toEqual([
      8,
      `vits: ${path('one/vm.mig')}: ${path('one/notes.txt')}: at byte 0x0: expected a file of the saved VM, found one that is no part of it\n`,
    ])
  })

  it('that cannot be read are named, and not the one beside them', async () => {
    const vm = path('one/vm.mig')
    const { code, err } = await vits(['check', vm, '--mem', path('gone')])
    expect([code, err]).toEqual([8, `vits: ${vm}: ${path('gone')}: no such file\n`])
  })

  it('tell the registers of raw RAM, whichever of the two is named first', async () => {
    const { out } = await vits(['show', '--view', 'registers', '--json', path('one/vm.mig')])
    const [{ bytes }] = JSON.parse(out).ram
    await writeFile(path('regs.json'), out)
    await writeFile(path('raw'), new Uint8Array(bytes))
    const first = await vits(['check', '--json', path('raw'), '--registers', path('regs.json')])
    const second = await vits(['check', '--json', path('regs.json'), '--mem', path('raw')])
    expect(JSON.parse(first.out)).toMatchObject({ format: 'raw RAM and registers', machine: 'virt-7.2' })
    const { out: report } = await vits(['check', path('regs.json'), '--mem', path('raw')])
    expect(report).toContain(`vits show ${path('regs.json')} --mem ${path('raw')} --view guest`)
    const answer = ({ code, out }: { code: number; out: string }) => [code, { ...JSON.parse(out), file: '', asked: {} }]
    expect(answer(first)).toEqual(answer(second))
  })

  it('are of one VM', async () => {
    const { code, err } = await vits(['check', path('one/vm.mig'), path('two/a'), '--base', path('two/b')])
    expect([code, err]).toEqual([16, 'vits: --mem, --registers and --base are files of one VM: name one\n'])
  })
})

describe('a file of changes', () => {
  const regions = [{ base: 0x4000_0000 as Gpa, bytes: 2 ** 20 }]
  const ram = (fill: number) => new Uint8Array(2 ** 20).fill(fill)
  const files = { vmstate: state({ regions }), diff: ram(0), base: ram(1) }
  const args = ['check', 'vmstate', '--mem', 'diff', '--base', 'base']

  it('is read by what the operating system tells of its holes', async () => {
    const asked: string[] = []
    const written = async (path: string) => {
      asked.push(path)
      return []
    }
    const ran = await vits(args, files, { written })
    expect([asked, ran.err]).toEqual([['diff', 'base'], ''])
    expect(ran.out).toContain('Firecracker diff snapshot 9.0.0 (1.15)')
  })

  it('may lie in the folder that is named, and its base too', async () => {
    const inFolder = Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`vm/${name}`, bytes]))
    const { err } = await vits(['check', 'vm', '--mem', 'vm/diff', '--base', 'vm/base'], inFolder, { written: async () => [] })
    expect(err).toBe('')
  })

  it('is refused with its byte where nobody tells, and it matters', async () => {
    const { code, err } = await vits(args, files)
    expect([code, err]).toEqual([8, expect.stringContaining('which of the two they are is not known here')])
  })
})
