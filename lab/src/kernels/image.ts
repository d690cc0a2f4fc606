import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { bytesSource, unpackedSource } from '@vits/core/formats'

/** What was named is no kernel that the lab can boot; the message says what it is. */
export class NotAKernel extends Error {
  override readonly name = 'NotAKernel'
}

/** An arm64 kernel image that QEMU boots. */
export interface KernelImage {
  /** The file that was named, or what was unpacked of it. */
  readonly path: string
  /** By its name without CONFIG_; undefined when the image does not carry it (CONFIG_IKCONFIG). */
  readonly config: ReadonlyMap<string, string> | undefined
}

/** Documentation/arch/arm64/booting.rst: the header of an Image. */
const HEADER = { flags: 24, magic: 56, bytes: 64 } as const
const MAGIC = 'ARM\x64'
/** Bits of its flags. */
const BIG_ENDIAN = 1
const PAGES = ['pages of no said size', '4 KiB', '16 KiB', '64 KiB'] as const
/** drivers/firmware/efi/libstub/zboot-header.S: an Image in an EFI program that unpacks it. */
const ZBOOT = { magic: 4, offset: 8, size: 12, method: 24, bytes: 56 } as const
const LARGEST = 1 << 30

const text = (bytes: Uint8Array, at: number, length: number) => Buffer.from(bytes).toString('latin1', at, at + length)

/** Reads a kernel image, unpacked into `folder` when it is packed. @throws NotAKernel */
export async function readKernelImage(path: string, folder: string): Promise<KernelImage> {
  const file = statSync(path, { throwIfNoEntry: false })
  if (file === undefined) throw new NotAKernel(`${path}: no such file`)
  if (!file.isFile() || file.size > LARGEST) throw new NotAKernel(`${path} is no kernel image: a file of at most 1 GiB is one`)
  const bytes = readFileSync(path)
  const image = await unpacked(bytes, path)
  refuseOthers(image, path)
  if (image === bytes) return { path, config: configIn(image) }
  const target = `${folder}/Image`
  writeFileSync(target, image)
  return { path: target, config: configIn(image) }
}

async function unpacked(bytes: Uint8Array, path: string): Promise<Uint8Array> {
  const inner = text(bytes, ZBOOT.magic, 4) === 'zimg' ? zbootPayload(bytes, path) : bytes
  try {
    const source = await unpackedSource(bytesSource(inner))
    return source.byteLength === inner.length ? inner : Buffer.from(await source.slice(0, source.byteLength))
  } catch (error) {
    throw new NotAKernel(`${path} cannot be unpacked: ${error instanceof Error ? error.message : error}`)
  }
}

function zbootPayload(bytes: Uint8Array, path: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < ZBOOT.bytes) throw new NotAKernel(`${path} ends within its EFI zboot header`)
  const [offset, size] = [view.getUint32(ZBOOT.offset, true), view.getUint32(ZBOOT.size, true)]
  const method = text(bytes, ZBOOT.method, 32).replace(/\0.*$/s, '')
  if (!/^(gzip|zstd|xz)/.test(method)) {
    throw new NotAKernel(
      `${path} is an EFI zboot image packed with '${method}': name arch/arm64/boot/Image, from which it was made`,
    )
  }
  return bytes.subarray(offset, offset + size)
}

/** What a kernel developer is likely to name instead, told by name. */
function refuseOthers(bytes: Uint8Array, path: string): void {
  const is = (what: string) => new NotAKernel(`${path} is ${what}`)
  if (text(bytes, 0, 4) === '\x7fELF') throw is('an ELF file, as vmlinux is: name arch/arm64/boot/Image')
  if (text(bytes, 0x202, 4) === 'HdrS') throw is('a kernel for x86')
  if (bytes.length < HEADER.bytes || text(bytes, HEADER.magic, 4) !== MAGIC) {
    throw is(`no arm64 kernel image: '${MAGIC}' is not at byte ${HEADER.magic}, neither as it is nor unpacked`)
  }
  const flags = bytes[HEADER.flags]!
  if (flags & BIG_ENDIAN) throw is('a big-endian kernel, and the agent that asks it is little-endian')
  const pages = PAGES[(flags >> 1) & 3]!
  // What KVM logs as written it logs by the host's pages.
  if (pages.endsWith('KiB') && pages !== '4 KiB') throw is(`a kernel with pages of ${pages}: only kernels with 4 KiB are asked`)
}

const CONFIG_BEGINS = 'IKCFG_ST'
const CONFIG_ENDS = 'IKCFG_ED'

/** What CONFIG_IKCONFIG puts into an image. */
function configIn(image: Uint8Array): ReadonlyMap<string, string> | undefined {
  const bytes = Buffer.from(image.buffer, image.byteOffset, image.byteLength)
  const from = bytes.indexOf(`${CONFIG_BEGINS}\x1f\x8b`, 0, 'latin1')
  const to = bytes.indexOf(CONFIG_ENDS, from, 'latin1')
  if (from < 0 || to < 0) return undefined
  const lines = gunzipSync(bytes.subarray(from + CONFIG_BEGINS.length, to))
    .toString()
    .matchAll(/^CONFIG_(\w+)=(.*)$/gm)
  return new Map([...lines].map(([, name = '', value = '']) => [name, value]))
}
