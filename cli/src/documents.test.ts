import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setScenes } from '@vits/core/audit'
import { repairDocument } from '@vits/core/documents'
import type { Gpa } from '@vits/core/memory'
import { planRepair } from '@vits/core/repair'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { PlantedVm } from '../../core/src/audit/testing/planted-vm.ts'
import { fixtureFile } from '../../core/src/formats/testing/fixtures.ts'
import { plantedCase } from '../../core/src/inspect/testing/planted-machine.ts'
import { vits } from './testing/fake-io.ts'

const saved = (name: string) => fixtureFile(name).pathname
const ghosts = saved('ghosts.mig.zst')
const unrestorable = saved('scattered-unrestorable.mig.zst')
const twoItses = saved('two-itses.vits')

/** A validator that also refuses keys of which the schema says nothing. */
function validator(command: string) {
  const schema = JSON.parse(readFileSync(new URL(`../../core/schema/${command}.json`, import.meta.url), 'utf8'), (_key, value) =>
    value?.type === 'object' && value.properties !== undefined ? { ...value, additionalProperties: false } : value,
  )
  return new Ajv({ allErrors: true, allowUnionTypes: true }).compile(schema)
}

describe('what --json prints', () => {
  it.each([
    ['check', [unrestorable]],
    ['check', [ghosts]],
    ['check', [twoItses]],
    ['check', [saved('healthy.mig.zst')]],
    ['repair', ['-n', unrestorable]],
    ['repair', ['-n', twoItses]],
    ['show', [ghosts]],
    ['show', ['--view', 'restored', unrestorable]],
    ['show', ['--its', '1', twoItses]],
    ['show', ['--view', 'pending', ghosts]],
    ['show', ['--view', 'pending', '--its', '1', twoItses]],
    ['show', ['--view', 'registers', twoItses]],
    ['diff', [saved('scattered-clean.mig.zst'), unrestorable]],
    ['pages', [ghosts]],
    ['pages', [twoItses]],
    ['prove', [ghosts]],
    ['prove', [twoItses]],
    ['prove', ['--scope', 'keeping', '--depth', '4']],
    ['lint', [new URL('../../fixtures/traces/restore-then-baser.jsonl', import.meta.url).pathname]],
    ['explain', []],
    ['explain', ['R-chain-gap', 'EINVAL', 'KVM_SET_DEVICE_ATTR failed: Group 4 attr 0x2: Bad address', 'no such text']],
    ['kernels', []],
  ])('is as its schema says: %s %j', async (command, args) => {
    const { out } = await vits([command, '--json', ...args])
    const validate = validator(args[0] === '--scope' ? 'prove-scope' : command)
    validate(JSON.parse(out))
    expect(validate.errors).toBeNull()
  })

  it('may be read beside raw RAM, with numbers in the place of its strings, as the page about that shows', async () => {
    const page = readFileSync(new URL('../../docs/formats/raw.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json\n(.*?)```/s.exec(page) ?? []
    const { out } = await vits(['show', '--view', 'registers', '--json', twoItses])
    const validate = validator('registers')
    for (const json of [example, out]) expect([validate(JSON.parse(json)), validate.errors]).toEqual([true, null])
  })

  it('is refused by a schema of another document', () => {
    expect(validator('check')({ schema: 1, view: 'guest', its: 0, collections: [], devices: [] })).toBe(false)
  })
})

/** The case of a VM whose second ITS has a DTE that no kernel since 6.0.6 takes. */
async function secondFails(): Promise<Readonly<Record<string, Uint8Array>>> {
  const first = new PlantedVm().map(16, { 0: [8192, 0] }).save()
  const second = new PlantedVm({ beside: first }).map(16, { 0: [8200, 0] }).save()
  second.dte(16, { size: 19, next: 0, ittAddr: second.itt(16) })
  return { 'vm.vits': await plantedCase(first) }
}

describe('a VM with two ITSes', () => {
  it('whose restore fails is told at which', async () => {
    const { out } = await vits(['check', '--kernel', 'all', 'vm.vits'], await secondFails())
    expect(out).toContain('The restore of ITS 1 at 0x80a0000 fails: EINVAL at DeviceID 0x10')
    expect(out).toMatch(/\n {6}fails: EINVAL from RESTORE_TABLES of ITS 1 at 0x80a0000, DeviceID 0x10/)
    const { kernels } = JSON.parse((await vits(['check', '--json', 'vm.vits'], await secondFails())).out)
    expect(kernels.find(({ kernel }: { kernel: string }) => kernel === 'linux-7.3')).toMatchObject({
      failure: { call: 'RESTORE_TABLES', its: 1, errno: 'EINVAL' },
    })
  })

  it('is checked on both: each has its views, and findings say which', async () => {
    const { code, out } = await vits(['check', twoItses])
    expect([code, out]).toEqual([4, expect.stringContaining('2 ITSes at 0x8080000, 0x80a0000')])
    expect(out).toMatch(
      /ITS 0 at 0x8080000 {2}restores\n.*ITS 1 at 0x80a0000 {2}restores, but wrongly\n.*D207 orphan-ends-scan on ITS 1 /s,
    )
  })

  it('is told which ITS of it each kernel harms: both may have the same DeviceIDs', async () => {
    const { out } = await vits(['check', '--kernel', 'all', twoItses])
    expect(out).toMatch(
      /\n {6}corrupts: ITS 1 loses 2 events \(0x10\/0 0x18\/0\), loses 2 devices, brings back 1 dead event \(0x8\/0\)\n/,
    )
  })

  it('adds up in JSON what its ITSes have, and keeps what each has', async () => {
    const document = JSON.parse((await vits(['check', '--json', twoItses])).out)
    expect(document).toMatchObject({
      verdict: 'corrupts',
      live: { devices: 3, events: 4 },
      lost: 2,
      itses: [
        { its: 0, base: '0x8080000', verdict: 'restores', live: { devices: 1, events: 2 } },
        { its: 1, base: '0x80a0000', verdict: 'corrupts', live: { devices: 2, events: 2 } },
      ],
      findings: [{ its: 1, code: 'D207' }],
    })
  })

  it.each([
    ['its address', (base: Gpa) => base, '0x80a0000'],
    ['null where no file tells it', () => undefined, null],
  ] as const)('is named by an obstacle that is about one of them, with %s', (_, baseOf, base) => {
    const first = new PlantedVm()
      .map(8, { 0: [8200, 0] })
      .save()
      .unmap(8)
      .map(16, { 0: [8192, 0] })
      .save()
    const second = new PlantedVm({ beside: first }).map(16, { 0: [8201, 0] }).save()
    second.dte(16, { size: 4, next: 0, ittAddr: 0x3000_0000 })
    const { registers, ...input } = first.input()
    const itses = registers.itses.map((its) => ({ ...its, base: baseOf(its.base!) }))
    const plan = planRepair(setScenes({ ...input, registers: { ...registers, itses } }), { allow: 'proven' })
    const document = JSON.parse(JSON.stringify(repairDocument('vm', plan, null)))
    const validate = validator('repair')
    validate(document)
    expect([validate.errors, document.obstacles[0].its]).toEqual([null, { index: 1, base }])
  })

  it('is repaired on the one that needs it, and shown one at a time', async () => {
    const plan = JSON.parse((await vits(['repair', '-n', '--json', twoItses])).out)
    expect(plan).toMatchObject({
      before: { verdict: 'corrupts' },
      after: { verdict: 'restores' },
      writes: [{ its: 1, code: 'D207' }],
    })
    const shown = await vits(['show', '--its', '1', '--view', 'guest', twoItses])
    expect(shown.out).toMatch(/^ITS 1 at 0x80a0000, of 2\n/)
    expect(await vits(['show', '--its', '2', twoItses])).toMatchObject({
      code: 16,
      err: expect.stringContaining('no ITS 2: the VM has 2'),
    })
  })

  it('is judged by the ten-line program of the library as by the CLI', async () => {
    const printed = execFileSync('node_modules/.bin/tsx', ['examples/check-a-saved-vm.ts', twoItses], { encoding: 'utf8' })
    const { itses, findings } = JSON.parse((await vits(['check', '--json', twoItses])).out)
    const lines = itses.flatMap((one: { its: number; verdict: string }) => [
      `ITS ${one.its}: ${one.verdict}`,
      ...findings
        .filter(({ its }: { its: number }) => its === one.its)
        .map(({ code, slug, says }: Record<string, string>) => `  ${code} ${slug}: ${says}`),
    ])
    expect(printed.trimEnd().split('\n')).toEqual(lines)
  })
})
