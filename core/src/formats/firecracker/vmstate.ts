import { FormatError } from '../format-error.ts'
import { firecrackerReleases, type FirecrackerRelease as Release } from '../origin.ts'
import { latin1, shown } from '../stream-reader.ts'
import { decodeBincode, encodeBincode } from './bincode.ts'
import { decodeBitcode, encodeBitcode } from './bitcode.ts'
import { crc64 } from './crc64.ts'
import { header } from './gic-types.ts'
import { STATE_MOST } from './limits.ts'
import type { SerdeType, Value } from './serde-type.ts'
import { vmstateLayouts } from './vmstate-types.ts'

/** The magic number without its low 16 bits, which up to 1.6 are a version. @source Firecracker src/vmm/src/snapshot/mod.rs, SNAPSHOT_MAGIC_ID */
const MAGIC = { arm64: '\xaa\xaa\x84\x19\x10\x07', x86: '\x64\x86\x84\x19\x10\x07' } as const
const MAGIC_BYTES = 8
const CRC_BYTES = 8

/** The snapshots of before the ITS, by their major versions. */
const before: Readonly<Record<string, string>> = {
  '1': '1.7',
  '2': '1.8',
  '3': '1.9',
  '4': '1.10',
  '5': '1.11',
  '6': '1.12',
  '7': 'a development version of 1.13',
}

const codecs = {
  bincode: { decode: decodeBincode, encode: encodeBincode, start: 0 },
  /** A header byte of a column of integers, for the magic number. */
  bitcode: { decode: decodeBitcode, encode: encodeBitcode, start: 1 },
} as const
type Encoding = keyof typeof codecs

type Layouts = typeof vmstateLayouts
type FirstOf<R extends Release> = Value<Layouts[R]['first']>
type WholeOf<R extends Release> = Value<Layouts[R]['whole']>

/** A state by the Firecracker that wrote it. */
export type Vmstate = { [R in Release]: VmstateOf<R> }[Release]

interface VmstateOf<R extends Release> {
  readonly release: R
  /** Where it begins, behind the version. */
  readonly start: number
  readonly first: FirstOf<R>
  /** Undefined where what follows the GIC is not as that release writes it. */
  readonly whole: WholeOf<R> | undefined
}

/** True of a file that begins like a Firecracker's state, of any architecture and version. */
export const isVmstate = (start: string): boolean => encodingOf(start) !== undefined

function encodingOf(start: string): Encoding | undefined {
  const magics = Object.values(MAGIC)
  if (magics.some((magic) => start.startsWith(magic, 2))) return 'bincode'
  return magics.some((magic) => start.startsWith(`\0\0\0${magic}`)) ? 'bitcode' : undefined
}

/**
 * Reads the state that a Firecracker wrote on arm64.
 *
 * @throws FormatError for one of before the ITS or of another architecture, which is not read, and where the bytes are none: also where the
 * checksum is wrong, as Firecracker would.
 */
export function readVmstate(bytes: Uint8Array): Vmstate {
  if (bytes.length > STATE_MOST) throw new FormatError(STATE_MOST, `a state of at most ${STATE_MOST} bytes`, `${bytes.length}`)
  const start = latin1(bytes.subarray(0, MAGIC_BYTES + 1))
  const encoding = encodingOf(start)
  if (encoding === undefined) throw new FormatError(0, 'the state of a Firecracker VM', shown(bytes.subarray(0, MAGIC_BYTES)))
  refuseOthers(start, encoding)
  const content = bytes.subarray(0, Math.max(0, bytes.length - CRC_BYTES))
  const { value, end } = codecs[encoding].decode(header, content)
  const releases = releasesOf(value.version, encoding)
  checkCrc(bytes)
  return chosen(releases, content, end)
}

function refuseOthers(start: string, encoding: Encoding): void {
  const at = codecs[encoding].start
  if (start.startsWith(MAGIC.x86, at + 2)) {
    throw new FormatError(at, 'the state of an arm64 VM', 'one of an x86 VM, which has no ITS')
  }
  if (encoding === 'bincode' && !start.startsWith('\0\0')) {
    throw new FormatError(0, 'the state of a VM with an ITS', 'one of Firecracker 1.6 or before, which had none')
  }
}

/** The releases whose states have this version. */
function releasesOf(version: string, encoding: Encoding): readonly Release[] {
  const at = codecs[encoding].start + MAGIC_BYTES
  const [, major, minor] = /^(\d{1,9})\.(\d{1,9})\.\d{1,9}$/.exec(version) ?? []
  if (major === undefined) throw new FormatError(at, 'the version of a snapshot, as 9.0.0', shown(latin1Bytes(version)))
  const older = before[major]
  if (older !== undefined) {
    const found = `version ${version}, of Firecracker ${older}, which had none`
    throw new FormatError(at, 'the state of a VM with an ITS', found)
  }
  const releases = firecrackerReleases.toReversed().filter((release) => {
    const layout = vmstateLayouts[release]
    return layout.version === `${major}.${minor}` && layout.encoding === encoding
  })
  if (releases.length > 0) return releases
  const known = [...new Set(Object.values(vmstateLayouts).map(({ version: each }) => `${each}.x`))]
  throw new FormatError(at, `a snapshot of version ${known.join(', ')}, of Firecracker 1.13 to 1.17`, `version ${version}`)
}

const latin1Bytes = (text: string): Uint8Array => Uint8Array.from(text.slice(0, 32), (character) => character.charCodeAt(0))

function checkCrc(bytes: Uint8Array): void {
  const at = bytes.length - CRC_BYTES
  const written = new DataView(bytes.buffer, bytes.byteOffset + at).getBigUint64(0, true)
  const computed = crc64(bytes.subarray(0, at))
  if (written !== computed) throw new FormatError(at, `the checksum 0x${computed.toString(16)}`, `0x${written.toString(16)}`)
}

/** The state as the first of the releases writes it that would have written these bytes. */
function chosen(releases: readonly Release[], content: Uint8Array, start: number): Vmstate {
  const refused: FormatError[] = []
  for (const isWhole of [true, false]) {
    for (const release of releases) {
      try {
        return decodedAs(release, content, start, isWhole) as Vmstate
      } catch (error) {
        if (!(error instanceof FormatError)) throw error
        refused.push(error)
      }
    }
  }
  throw refused.reduce((furthest, error) => (error.offset > furthest.offset ? error : furthest))
}

function decodedAs(release: Release, content: Uint8Array, start: number, isWhole: boolean): VmstateOf<Release> {
  const { first, whole, encoding } = vmstateLayouts[release]
  const { decode } = codecs[encoding]
  if (!isWhole) return { release, start, first: checked(decode(first, content).value, start), whole: undefined }
  const { value, end } = decode(whole, content)
  if (end !== content.length)
    throw new FormatError(end, 'the checksum behind the state', `${content.length - end} bytes before it`)
  return { release, start, first: checked(value, start), whole: value }
}

/** 32-bit words of each register of a redistributor, in their order. @source Firecracker src/vmm/src/arch/aarch64/gic/gicv3/regs/redist_regs.rs */
const rdistWords = [1, 1, 2, 2, 1, 1, 1, 1, 2, 1, 1, 1, 1, 8] as const
/** The places of those that concern LPIs. */
export const RDIST = { propbaser: 2, pendbaser: 3, ctlr: 4 } as const

/** Takes what the tree does not say: which registers each redistributor has. */
function checked<F extends FirstOf<Release>>(first: F, start: number): F {
  for (const { rdist } of first.gic.gic_vcpu_states) {
    const words = rdist.map(({ chunks }) => chunks.length)
    if (words.join() !== rdistWords.join()) {
      throw new FormatError(start, `registers of a redistributor of ${rdistWords.join(', ')} words`, words.join(', ') || 'none')
    }
  }
  return first
}

/** The bytes of a file with another GIC, which has as many registers, in its state. */
export function withGic(state: Vmstate, gic: FirstOf<Release>['gic'], bytes: Uint8Array): Uint8Array {
  const { first, encoding } = vmstateLayouts[state.release]
  const { decode, encode } = codecs[encoding]
  const content = bytes.subarray(0, bytes.length - CRC_BYTES)
  const { end } = decode(first, content)
  return withCrc([encode(first as SerdeType, { ...state.first, gic } as never), content.subarray(end)])
}

/** A whole state as that release writes it. */
export function encodeVmstate<const R extends Release>(release: R, value: WholeOf<R>): Uint8Array {
  const { whole, encoding } = vmstateLayouts[release]
  return withCrc([codecs[encoding].encode(whole as SerdeType, value as never)])
}

/** The pieces one after the other, and their checksum. */
function withCrc(pieces: readonly Uint8Array[]): Uint8Array {
  const at = pieces.reduce((sum, { length }) => sum + length, 0)
  const bytes = new Uint8Array(at + CRC_BYTES)
  let end = 0
  for (const piece of pieces) {
    bytes.set(piece, end)
    end += piece.length
  }
  new DataView(bytes.buffer).setBigUint64(at, crc64(bytes.subarray(0, at)), true)
  return bytes
}
