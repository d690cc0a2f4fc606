import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { itsCount } from '../abi/index.ts'
import { type GpaRange, gpa, PAGE_BYTES } from '../memory/index.ts'
import { bytesSource, FormatError, openSavedMachine, type SavedMachine, writeCase } from './index.ts'
import { edited } from './testing/edited.ts'
import { fixtureBytes, fixtureFile, openFixture } from './testing/fixtures.ts'
import { Bytes, writeStream } from './testing/stream-writer.ts'

const RAM = 0x4000_0000
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes))
const ram = 'mach-virt.ram'
const filled = (value: number) => new Uint8Array(PAGE_BYTES).fill(value)
const range = (page: number, pages = 1): GpaRange => ({ base: gpa(RAM + page * PAGE_BYTES), bytes: pages * PAGE_BYTES })

/** Pages 1 and 4 have contents, 2 is zero, the others have no record. */
const machine = () =>
  open(
    writeStream({
      blocks: [{ name: ram, bytes: 0x8000 }],
      sections: [
        [
          { block: ram, page: 1, contents: filled(1) },
          { page: 2, fill: 0 },
          { page: 4, contents: filled(4) },
        ],
      ],
    }),
  )

async function bytesOf(vm: SavedMachine, ranges = vm.ranges): Promise<Uint8Array> {
  const memory = vm.memory()
  await vm.load(memory, ranges)
  return memory.read(ranges[0]!.base, ranges[0]!.bytes)
}

describe('a case', () => {
  it('holds the pages asked for and the facts of the machine, and nothing else', async () => {
    const vm = await machine()
    const small = await open(await writeCase(vm, vm.memory(), [range(4), range(0, 3)]))
    expect([small.registers, small.machine, small.ranges, small.msi]).toEqual([vm.registers, vm.machine, vm.ranges, vm.msi])
    expect(small.format).toBe('case of a QEMU stream')
    expect(await bytesOf(small)).toEqual(await bytesOf(vm))
    expect(small.missingPages(small.ranges)).toEqual(vm.missingPages(vm.ranges))
    const without = await open(await writeCase(vm, vm.memory(), [range(0, 4)]))
    expect(await bytesOf(without, [range(4)])).toEqual(filled(0))
  })

  it('takes pages from the memory it is given: what was blanked there stays blank', async () => {
    const vm = await machine()
    const memory = vm.memory()
    await vm.load(memory, vm.ranges)
    memory.fill(gpa(RAM + 0x1000), 4096, 0)
    const bytes = await writeCase(vm, memory, vm.ranges)
    expect(await bytesOf(await open(bytes), [range(1)])).toEqual(filled(0))
    expect(bytes.includes(1, 4096)).toBe(false)
  })

  it('of a real VM has its MSI-X state and is small', async () => {
    const vm = await openFixture('wrapped')
    const bytes = await writeCase(vm, vm.memory(), [{ base: gpa(0x435d0000), bytes: 0x80000 }])
    const small = await open(bytes)
    expect([small.msi, small.registers]).toEqual([vm.msi, vm.registers])
    expect(bytes.length).toBeLessThan(300_000)
  })

  it('is written anew with pages changed, which it need not have had', async () => {
    const vm = await machine()
    const small = await open(await writeCase(vm, vm.memory(), [range(0, 3)]))
    const pages = new Map([
      [gpa(RAM + 0x1000), filled(9)],
      [gpa(RAM + 0x7000), filled(7)],
    ])
    const result = await open(await edited(small, pages))
    const expected = new Uint8Array(0x8000).fill(9, 0x1000, 0x2000).fill(7, 0x7000)
    expect(await bytesOf(result)).toEqual(expected)
    expect([result.format, result.missingPages(result.ranges).length]).toEqual([small.format, 5])
    await expect(small.edits(new Map([[gpa(RAM + 0x8000), filled(9)]]))).rejects.toThrow(RangeError)
  })
})

describe('a case of version 1', () => {
  const bytes = () => gunzipSync(readFileSync(fixtureFile('case-version-1.vits')))

  it('opens as the machine that it was made of', async () => {
    const [small, vm] = await Promise.all([open(bytes()), open(fixtureBytes('savevm.qcow2'))])
    expect(small.format).toBe(`case of a ${vm.format}`)
    expect([small.origin, small.registers, small.machine, small.ranges, small.msi]).toEqual([
      vm.origin,
      vm.registers,
      vm.machine,
      vm.ranges,
      vm.msi,
    ])
    const again = await open(
      await writeCase(
        small,
        small.memory(),
        small.ranges.map(({ base }) => ({ base, bytes: PAGE_BYTES })),
      ),
    )
    expect([again.origin, again.registers]).toEqual([vm.origin, vm.registers])
  })

  it('tells how many ITSes it says nothing of', async () => {
    const more = Uint8Array.from(bytes())
    more[Buffer.from(more).indexOf('"itsCount":1') + '"itsCount":'.length] = '3'.charCodeAt(0)
    const { registers } = await open(more)
    expect([registers.itses.length, registers.unreadItses, itsCount(registers)]).toEqual([1, 2, 3])
  })
})

describe('a damaged case', () => {
  const whole = async () => {
    const vm = await machine()
    return writeCase(vm, vm.memory(), vm.ranges)
  }

  it('is refused at every length, and opened or refused with any bytes changed', async () => {
    const bytes = await whole()
    for (let length = 0; length < bytes.length; length += 7) {
      await expect(open(bytes.subarray(0, length))).rejects.toThrow(FormatError)
    }
    const changes = fc.array(fc.tuple(fc.nat(1200), fc.nat(255)), { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const changed = bytes.slice()
        for (const [at, value] of list) changed[at] = value
        try {
          const vm = await open(changed)
          await vm.load(
            vm.memory(),
            vm.ranges.slice(0, 1).map(({ base }) => ({ base, bytes: 0x8000 })),
          )
        } catch (error) {
          if (!(error instanceof FormatError)) throw error
        }
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['"version 9"', 9, (json: string) => json, 'version 1 or 2 of a case'],
    ['no JSON', 2, () => 'hello', 'the header of a case'],
    ['seven BASERs', 2, (json: string) => json.replace(',"0x0"]', ']'), '8 BASERs'],
    ['RAM in disorder', 2, (json: string) => json.replace('[["0x40000000",8]]', '[["0x40000000",8],["0x1000",1]]'), 'in order'],
    [
      'more RAM than there is',
      2,
      (json: string) => json.replace('[["0x40000000",8]]', '[["0x40000000",99999999999]]'),
      'a count',
    ],
    [
      'more pages than follow',
      2,
      (json: string) => json.replace('"pages":[["0x40001000",1]', '"pages":[["0x40001000",3]'),
      '4 pages',
    ],
    ['RAM beyond 52 bits', 2, (json: string) => json.replace('[["0x40000000",8]]', '[["0xfffffffffff000",8]]'), 'below 2^52'],
    ['the VMM of nobody', 2, (json: string) => json.replace('"vmm":"qemu"', '"vmm":"nobody"'), 'expected qemu or '],
    [
      'an ITS between two pages of 64 KiB',
      2,
      (json: string) => json.replace('"base":"0x8080000"', '"base":"0x8081000"'),
      'the address of an ITS',
    ],
    ['no ITS', 2, (json: string) => json.replace(/"itses":\[.*?\]\}\]/, '"itses":[]'), '1 to 256 ITSes'],
    [
      'more ITSes than any machine has',
      2,
      (json: string) => json.replace(/"itses":\[(.*?\]\})\]/, (_, its) => `"itses":[${new Array(257).fill(its).join()}]`),
      '1 to 256 ITSes in the header of a case, found 257',
    ],
    [
      'two ITSes at one address',
      2,
      (json: string) => json.replace(/"itses":\[(.*?\]\})\]/, '"itses":[$1,$1]'),
      'ITSes at different addresses',
    ],
    [
      'more ITSes than it can say',
      2,
      (json: string) => json.replace('"redistributors"', '"unreadItses":-1,"redistributors"'),
      'a count',
    ],
    ['the header of another version', 1, (json: string) => json, 'a short string'],
    [
      'an origin in words of no VMM',
      1,
      (json: string) => json.replace('{', '{"format":"VMware save",'),
      'what a machine was saved as',
    ],
  ])('is refused with %s', async (_, version, change, message) => {
    const bytes = await whole()
    const view = new DataView(bytes.buffer)
    const json = change(Buffer.from(bytes.subarray(16, 16 + view.getUint32(12, true))).toString())
    const out = new Bytes()
      .text('VITSCASE')
      .raw(Uint8Array.of(version, 0, 0, 0, json.length & 255, json.length >> 8, json.length >> 16, 0))
      .text(json)
    out.raw(new Uint8Array(4096 - (out.length % 4096))).raw(bytes.subarray(bytes.length - 2 * PAGE_BYTES))
    await expect(open(out.done())).rejects.toThrow(message)
  })
})
