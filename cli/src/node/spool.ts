import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ByteSource } from '@vits/core/formats'
import { DiskError } from '../disk.ts'
import { reason } from '../failure.ts'
import { fileSource } from './file-source.ts'
import { unfinished } from './unfinished.ts'

/** What is kept in memory of what comes from a pipe, or of what a compressed file holds, unless less memory may be taken. */
export const KEPT_BYTES = 128 * 2 ** 20

const BLOCK_BYTES = 2 ** 20

/** What came from a pipe, and can be read anywhere now. */
export interface Spooled extends ByteSource {
  close(): Promise<void>
}

/**
 * Reads a pipe to its end. Up to `most` bytes are kept in memory; what is longer, in a file in the folder for temporary files that
 * nobody else can open: it is made for its owner only, and has no name any more before anything is in it.
 *
 * @throws DiskError where that cannot be written.
 */
export async function spooled(pieces: AsyncIterable<Uint8Array>, most: number): Promise<Spooled> {
  const blocks: Uint8Array[] = []
  let bytes = 0
  let file: NamelessFile | undefined
  try {
    for await (const piece of pieces) {
      for (let done = 0; done < piece.length; ) {
        if (bytes % BLOCK_BYTES === 0) {
          if (bytes >= most) file ??= await NamelessFile.make()
          if (file !== undefined) for (const block of blocks.splice(0)) await file.append(block)
          blocks.push(new Uint8Array(BLOCK_BYTES))
        }
        const part = piece.subarray(done, done + BLOCK_BYTES - (bytes % BLOCK_BYTES))
        blocks.at(-1)!.set(part, bytes % BLOCK_BYTES)
        done += part.length
        bytes += part.length
      }
    }
    if (file === undefined) return inMemory(blocks, bytes)
    const [last] = blocks
    if (last !== undefined) await file.append(last.subarray(0, bytes % BLOCK_BYTES || BLOCK_BYTES))
    return { ...(await fileSource(file.handle)), close: () => file!.close() }
  } catch (error) {
    await file?.close()
    throw error
  }
}

function inMemory(blocks: readonly Uint8Array[], byteLength: number): Spooled {
  return {
    byteLength,
    slice: async (start, end, scratch) => {
      const bytes = scratch?.subarray(0, end - start) ?? new Uint8Array(end - start)
      for (let at = start; at < end; ) {
        const inside = at % BLOCK_BYTES
        const part = blocks[Math.floor(at / BLOCK_BYTES)]!.subarray(inside, inside + end - at)
        bytes.set(part, at - start)
        at += part.length
      }
      return bytes
    },
    close: async () => {},
  }
}

/** A temporary file that can be reached through its handle only, where the system lets an open file lose its name. */
class NamelessFile {
  readonly handle: FileHandle
  readonly #path: string
  #named = true
  #bytes = 0

  private constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.handle = handle
  }

  static async make(): Promise<NamelessFile> {
    const path = join(tmpdir(), `vits-pipe-${randomBytes(12).toString('hex')}`)
    unfinished.add(path)
    const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600).catch(cannotKeep)
    const file = new NamelessFile(path, handle)
    await file.#unname().catch(() => undefined)
    return file
  }

  async append(bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.handle.write(bytes, done, bytes.length - done, this.#bytes).catch(cannotKeep)
      done += bytesWritten
      this.#bytes += bytesWritten
    }
  }

  async close(): Promise<void> {
    await this.handle.close()
    if (this.#named) await this.#unname()
  }

  async #unname(): Promise<void> {
    await unlink(this.#path)
    this.#named = false
    unfinished.delete(this.#path)
  }
}

function cannotKeep(error: unknown): never {
  throw new DiskError(`what came from the pipe cannot be kept in ${tmpdir()}: ${reason(error)}`, { cause: error })
}
