import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MsiFunction } from '../../abi/index.ts'
import type { Gpa } from '../../memory/index.ts'
import { applyEdits, bytesSource, FormatError, type MachineFile, openSavedMachine, type SavedMachine } from '../index.ts'
import type { DressedMachine } from '../testing/dressed-machine.ts'
import { rawFiles, rawJson } from '../testing/raw-writer.ts'
import { someRegisters } from '../testing/stream-writer.ts'

const PAGE = 4096
const gpa = (at: number): Gpa => at as Gpa
const pages = (...fills: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: fills.length * PAGE }, (_, i) => fills[Math.floor(i / PAGE)]!)
const file = (name: string, bytes: Uint8Array | string): MachineFile => ({
  name,
  source: bytesSource(new Uint8Array(Buffer.from(bytes as string))),
})

const msi: readonly MsiFunction[] = [
  {
    name: '0000:00:03.0/virtio-net',
    deviceId: 0x18,
    routingId: 0x100,
    kind: 'MSI-X',
    enabled: true,
    vectors: [{ address: 0x809_0040n, target: { kind: 'translater', its: 0 }, data: 3, masked: false }],
  },
]
const machine: DressedMachine = {
  registers: someRegisters,
  ram: [
    { base: gpa(0x4000_0000), bytes: pages(1, 2) },
    { base: gpa(0x1_0000_0000), bytes: pages(3) },
  ],
  msi,
}
const opened = (change: (json: string) => string = (json) => json): Promise<SavedMachine> =>
  openSavedMachine(rawFiles(machine, change(rawJson(machine))))

async function fills(vm: SavedMachine): Promise<number[]> {
  const memory = vm.memory()
  await vm.load(memory, vm.ranges)
  return vm.ranges.flatMap(({ base, bytes }) => Array.from({ length: bytes / PAGE }, (_, i) => memory.u8(gpa(base + i * PAGE))))
}

describe('raw RAM and its registers', () => {
  it('have all that the file of registers says', async () => {
    const vm = await opened((json) => json.replace('{', '{"machine":"mine",'))
    expect(vm).toMatchObject({ kind: 'raw', format: 'raw RAM and registers', machine: 'mine', registers: someRegisters, msi })
    expect(await fills(vm)).toEqual([1, 2, 3])
    expect(vm.missingPages(vm.ranges)).toEqual([])
  })

  it('are known by a file whose first members are in any order, and whose numbers are numbers or strings', async () => {
    const whole = (json: string) => json.replace(/"0x([0-9a-f]{1,16})"/g, (_, digits: string) => `${BigInt(`0x${digits}`)}`)
    expect((await opened(whole)).registers).toEqual(someRegisters)
    const turned = (json: string) =>
      json.replace('"schema":1,"format":"vits-registers"', '"format" : "vits-registers", "schema" : 1')
    expect((await opened(turned)).registers).toEqual(someRegisters)
  })

  it('number the vCPUs in their order where the file does not', async () => {
    const vm = await opened((json) => json.replace(/"vcpuId":\d,/g, ''))
    expect(vm.registers).toEqual(someRegisters)
  })

  it('may lie in several files, at offsets, and in part in none', async () => {
    const ram = `[{"base":"0x40000000","bytes":4096,"file":"a","offset":"0x10"},
      {"base":"0x40001000","bytes":4096,"file":"dir/b"},{"base":"0x80000000","bytes":4096,"file":null}]`
    const json = rawJson(machine).replace(/"ram":\[.*?\]/, `"ram":${ram}`)
    const vm = await openSavedMachine([
      file('x/b', pages(9)),
      file('regs.json', json),
      file('x/a', Buffer.concat([pages(0).subarray(0, 16), pages(8)])),
    ])
    expect(await fills(vm)).toEqual([8, 9, 0])
    expect(vm.missingPages(vm.ranges)).toEqual([0x8000_0000])
    expect(vm.files.map(({ name }) => name)).toEqual(['regs.json', 'x/a', 'x/b'])
  })

  it('may lie in one file of any name, which is named beside', async () => {
    const [registers, ram] = rawFiles(machine)
    const other = { ...ram!, name: 'dump' }
    expect(await fills(await openSavedMachine([registers!, { ...other, part: 'memory' }]))).toEqual([1, 2, 3])
    expect(await fills(await openSavedMachine([other, registers!]))).toEqual([1, 2, 3])
    const unnamed = rawFiles(machine, rawJson(machine).replaceAll(',"file":"ram.bin"', ''))[0]!
    expect(await fills(await openSavedMachine([unnamed, { ...other, part: 'found' }]))).toEqual([1, 2, 3])
    await expect(openSavedMachine([registers!, { ...other, part: 'found' }])).rejects.toThrow('the file "ram.bin" with this RAM')
    await expect(
      openSavedMachine([unnamed, { ...other, part: 'found' }, { ...other, name: 'b', part: 'found' }]),
    ).rejects.toThrow('a file that holds this RAM')
  })

  it('are written back in place: words of RAM, and the digits of a register', async () => {
    const vm = await opened()
    const changed = pages(3)
    changed[9] = 7
    const redistributors = vm.registers.redistributors.map((one) => ({ ...one, pendbaser: one.pendbaser * 16n, propbaser: 1n }))
    const edits = await vm.edits(new Map([[gpa(0x1_0000_0000), changed]]), { ...vm.registers, redistributors })
    const json = edits.find((one) => one.file.name === 'regs.json')!
    const pieces: Uint8Array[] = []
    for await (const piece of applyEdits(json.file.source, json.edits)) pieces.push(piece)
    expect(Buffer.concat(pieces).toString()).toBe(rawJson({ ...machine, registers: { ...someRegisters, redistributors } }))
    expect(edits.find((one) => one.file.name === 'ram.bin')!.edits).toEqual([
      { offset: 2 * PAGE + 8, remove: 8, insert: Uint8Array.of(3, 7, 3, 3, 3, 3, 3, 3) },
    ])
  })

  it('are as the page about them shows it', async () => {
    const page = readFileSync(new URL('../../../../docs/formats/raw.md', import.meta.url), 'utf8')
    const [, example = ''] = /```json\n(.*?)```/s.exec(page) ?? []
    const vm = await openSavedMachine([
      file('regs.json', example),
      file('ram.bin', new Uint8Array(1 << 20)),
      file('high.bin', new Uint8Array(4096 + 65536)),
    ])
    expect(vm).toMatchObject({ machine: 'my-vmm 3', ranges: [{ bytes: 1 << 20 }, { base: 0x1_0000_0000, bytes: 2 << 16 }] })
    expect(vm.msi[0]!.vectors[0]!.target).toEqual({ kind: 'translater', its: 0 })
    expect(vm.missingPages(vm.ranges)).toHaveLength(16)
  })
})

describe('a file of registers', () => {
  it.each([
    [
      'of another schema',
      (json: string) => json.replace('"schema":1', '"schema":2'),
      'expected 1 in a file of registers, found "2"',
    ],
    ['without an ITS', (json: string) => json.replace(/"itses":\[.*?\]\}\]/, '"itses":[]'), 'an ITS'],
    ['of 9 BASERs', (json: string) => json.replace('"0x0"]', '"0x0","0x0"]'), 'at most 8 elements'],
    ['of 7 BASERs', (json: string) => json.replace(',"0x0"]', ']'), '8 GITS_BASER registers'],
    [
      'of an ITS at an odd place',
      (json: string) => json.replace('"base":134742016', '"base":134742017'),
      'the address of an ITS',
    ],
    [
      'without vCPUs',
      (json: string) => json.replace(/"redistributors":\[.*?\]/, '"redistributors":[]'),
      'a redistributor for each vCPU',
    ],
    ['of one vCPU twice', (json: string) => json.replace('"vcpuId":1', '"vcpuId":0'), 'one redistributor for each vCPU'],
    ['of 65 bits', (json: string) => json.replace('"0xb8000000400a040f"', '18446744073709551616'), 'below 18446744073709551616'],
    ['of a wide GICR_CTLR', (json: string) => json.replace('"ctlr":7', '"ctlr":"0x100000000"'), 'a number below 4294967296'],
    ['of half a page', (json: string) => json.replace('"bytes":4096', '"bytes":4095'), 'whole pages of RAM'],
    ['of RAM past 2^52', (json: string) => json.replace('0x100000000', '0xfffffffffffff'), 'RAM below 2^52'],
    ['of RAM in itself', (json: string) => json.replace('0x100000000', '0x40001000'), 'RAM blocks apart'],
    [
      'of more RAM than its file has',
      (json: string) => json.replace('"offset":8192', '"offset":8193'),
      'ram.bin: at byte 0x3000: expected 12289 bytes',
    ],
    ['of a kind that is none', (json: string) => json.replace('"MSI-X"', '"INTx"'), 'MSI-X, MSI or unread'],
    ['of two members of one name', (json: string) => json.replace('"itses"', '"ram":[],"itses"'), 'members of different names'],
  ])('is refused with the reason: one %s', async (_, change, because) => {
    await expect(opened(change)).rejects.toThrow(FormatError)
    await expect(opened(change)).rejects.toThrow(because)
  })

  it('is opened or refused, and nothing else, whichever of its bytes are others', async () => {
    const json = Buffer.from(rawJson(machine))
    const damage = fc.array(fc.tuple(fc.integer({ min: 40, max: json.length - 1 }), fc.nat(127)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(damage, async (bytes) => {
        const copy = Buffer.from(json)
        for (const [at, byte] of bytes) copy[at] = byte
        const outcome = await openSavedMachine(rawFiles(machine, copy.toString())).catch((error: unknown) => error)
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(FormatError)
      }),
    )
  })

  it('is refused wherever it ends, once it is known', async () => {
    const json = rawJson(machine)
    for (let at = 36; at < json.length; at += 7) {
      await expect(
        opened(() => json.slice(0, at)),
        `${at}`,
      ).rejects.toThrow(FormatError)
    }
  })
})
