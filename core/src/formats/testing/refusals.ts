import type { Gpa } from '../../memory/index.ts'
import { record } from '../../memory/testing/recorded-texts.ts'
import { bytesSource, FormatError, openSavedMachine, type SavedMachine, writeCase } from '../index.ts'
import { type DumpedGuest, writeElfDump, writeKdump } from './dump-writer.ts'
import { writeQcow2 } from './qcow2-writer.ts'
import { Bytes, type StreamParts, someRegisters, writeStream } from './stream-writer.ts'

/** Where it is recorded what becomes of damaged files; `npm run docs` records it anew. */
export const refusalsFile = new URL('./refusals.txt', import.meta.url)

const ram = 'mach-virt.ram'
const page = new Uint8Array(4096).fill(0x55)
/** The page, as zlib packed it once: another release may pack it otherwise. */
const packedPage = Uint8Array.from(Buffer.from('789cedc1010d000000c2a094ef5fc51e0e28000000e0dd0035cb504c', 'hex'))
const open = (bytes: Uint8Array) => openSavedMachine(bytesSource(bytes), { findRegisters: async () => someRegisters })

const stream: StreamParts = {
  blocks: [
    { name: ram, bytes: 0x8000 },
    { name: 'virt.flash0', bytes: 0x2000 },
  ],
  capabilities: ['auto-converge'],
  uuid: true,
  postcopyAdvice: 0x1000,
  opaque: { name: 'dirty-bitmap', start: Uint8Array.of(1, 0x7e), end: Uint8Array.of(2) },
  sections: [
    [{ block: ram, page: 0, fill: 0 }, 'hook', { page: 1, xbzrle: Uint8Array.of(5, 1, 7) }],
    [
      { block: 'virt.flash0', page: 1, zlib: packedPage },
      { block: ram, page: 2, contents: page },
      { page: 1, fill: 3 },
    ],
  ],
}

const mapped: StreamParts = {
  blocks: [
    { name: ram, bytes: 0x3000 },
    { name: 'virt.flash0', bytes: 0x1000 },
  ],
  mapped: { [ram]: new Map([[1, page]]) },
}

const small: StreamParts = { blocks: [{ name: ram, bytes: 0x4000 }], sections: [[{ block: ram, page: 2, contents: page }]] }

/** A page of one byte, one of zeros, and one of several bytes and zeros. */
const dumped: DumpedGuest = {
  ranges: [
    { base: 0x1_0000 as Gpa, bytes: 0x2000 },
    { base: 0x4_0000 as Gpa, bytes: 0x1000 },
  ],
  vcpus: 1,
  read: (at, bytes) => {
    const ram = new Uint8Array(0x4_1000)
    ram.set(page, 0x1_0000)
    for (let i = 0; i < 40; i++) ram[0x4_0000 + i] = i * 7
    return ram.slice(at, at + bytes)
  },
}

/** A whole file of each kind. */
const files: Readonly<Record<string, () => Promise<Uint8Array>>> = {
  'QEMU stream': async () => writeStream(stream),
  'mapped-ram file': async () => writeStream(mapped),
  'libvirt save': async () => new Bytes().text('LibvirtQemudSave').raw(libvirtHeader()).raw(writeStream(small)).done(),
  'qcow2 image': async () => writeQcow2(writeStream(small)),
  'ELF dump': async () => writeElfDump(dumped),
  'kdump file': async () => writeKdump(dumped, { packing: 'lzo', blockBytes: 4096 }),
  'flattened kdump file': async () => writeKdump(dumped, { packing: 'snappy', blockBytes: 4096, flattened: true }),
  case: async () => {
    const vm = await open(writeStream(small))
    return writeCase(vm, vm.memory(), vm.ranges)
  },
}

function libvirtHeader(): Uint8Array {
  const header = new Uint8Array(76 + 40)
  const view = new DataView(header.buffer)
  for (const [i, word] of [2, 40, 1, 0, 100].entries()) view.setUint32(i * 4, word, true)
  return header
}

const damages: Readonly<Record<string, (bytes: Uint8Array, at: number) => Uint8Array>> = {
  'cut at': (bytes, at) => bytes.subarray(0, at),
  'lowest bit flipped at': (bytes, at) => {
    const copy = bytes.slice()
    copy[at]! ^= 1
    return copy
  },
}

/** What becomes of each kind of file when it is damaged at each of its bytes, but for those inside long runs of equal bytes. */
export const refusals: ReadonlyMap<string, () => Promise<string>> = new Map(
  Object.entries(files).flatMap(([kind, make]) =>
    Object.entries(damages).map(([how, damage]) => [`${kind}, ${how}`, async () => outcomes(await make(), damage)] as const),
  ),
)

async function outcomes(whole: Uint8Array, damage: (bytes: Uint8Array, at: number) => Uint8Array): Promise<string> {
  const sound = await facts(await open(whole))
  const lines: { from: number; to: number; outcome: string }[] = []
  for (const at of telling(whole)) {
    const outcome = await outcomeOf(damage(whole, at), sound, at)
    const last = lines.at(-1)
    if (last?.outcome === outcome) last.to = at
    else lines.push({ from: at, to: at, outcome })
  }
  return lines.map(({ from, to, outcome }) => `${from === to ? from : `${from} to ${to}`}: ${outcome}`).join('\n')
}

/** The bytes of a file that have another value within 16 bytes of them. */
function telling(whole: Uint8Array): number[] {
  return [...whole.keys()].filter((at) => whole.subarray(Math.max(0, at - 16), at + 17).some((byte) => byte !== whole[at]))
}

/** What the damaged file opens as, or what was expected where, without what was found there. */
async function outcomeOf(bytes: Uint8Array, sound: string, damaged: number): Promise<string> {
  try {
    return (await facts(await open(bytes))) === sound ? 'opens, the same' : 'opens, another'
  } catch (error) {
    if (!(error instanceof FormatError)) throw error
    const { message, offset } = error
    const expected = message.slice(message.indexOf(': ') + 2).split(', found ')[0]!
    return `${offset === damaged ? 'there' : `at ${offset}`}: ${expected}`
  }
}

/** Everything that opening a file tells. */
async function facts(vm: SavedMachine): Promise<string> {
  const memory = vm.memory()
  // Damage may make it larger than there is room for.
  const small = vm.ranges.filter(({ bytes }) => bytes <= 2 ** 20)
  await vm.load(memory, small)
  const contents = small.map(({ base, bytes }) => Buffer.from(memory.read(base, bytes)).toString('latin1'))
  const { registers, ranges, machine, msi, origin } = vm
  return JSON.stringify([registers, ranges, machine, msi, origin, contents], (_key, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  )
}

export async function recordRefusals(): Promise<string> {
  const texts = new Map<string, string>()
  for (const [title, text] of refusals) texts.set(title, await text())
  return record(texts)
}
