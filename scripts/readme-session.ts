import { readFileSync } from 'node:fs'
import { decompress } from 'fzstd'
import type { Disk } from '../cli/src/disk.ts'
import { style } from '../cli/src/style.ts'
import { type Ran, vits } from '../cli/src/testing/fake-io.ts'

/** Cases and traces are kept as they are, everything else inside zstd. */
function fixture(name: string): Uint8Array {
  if (name.endsWith('.jsonl')) return readFileSync(`fixtures/traces/${name}`)
  return name.endsWith('.vits') ? readFileSync(`fixtures/saved/${name}`) : decompress(readFileSync(`fixtures/saved/${name}.zst`))
}

/** Runs command lines one after another on files that exist in memory only, fixtures among them. */
export class ReadmeSession {
  readonly #files: Record<string, Uint8Array>

  constructor(fixtures: readonly string[]) {
    this.#files = Object.fromEntries(fixtures.map((name) => [name, fixture(name)]))
  }

  run(line: string): Promise<Ran> {
    return vits(line.split(' '), this.#files, { disk: this.#disk(), style: style(false) })
  }

  #disk(): Disk {
    const files = this.#files
    const refuse = async () => {
      throw new Error('the sessions of the README write single new files')
    }
    return {
      identity: async (path) => {
        const bytes = files[path]
        return bytes && { bytes: bytes.length, stamp: path, inode: path, isFile: true, mode: 0o644, uid: 0, gid: 0 }
      },
      followed: async (path) => path,
      refuseUnwritable: async () => {},
      refuseReadOnly: refuse,
      lock: refuse,
      create: async (path, { bytes, pieces }, how = {}) => {
        const whole = new Uint8Array(bytes)
        let done = 0
        for await (const piece of pieces) {
          whole.set(piece, done)
          done += piece.length
        }
        files[path] = whole
        await how.approve?.(path)
      },
      createFolder: refuse,
      patch: refuse,
      remove: refuse,
    }
  }
}
