import { close, fstat, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'

const opening = promisify(open)
const reading = promisify(read)
const closing = promisify(close)
const stating: (fd: number) => Promise<Stats> = promisify(fstat)

/** An open file by its number: unlike a FileHandle it can be one that was open before, and can be given away. */
export class Descriptor {
  readonly fd: number

  constructor(fd: number) {
    this.fd = fd
  }

  static async open(path: string, flags: number): Promise<Descriptor> {
    return new Descriptor(await opening(path, flags))
  }

  stat(): Promise<Stats> {
    return stating(this.fd)
  }

  read(into: Uint8Array, at: number, bytes: number, position: number): Promise<{ readonly bytesRead: number }> {
    return reading(this.fd, into, at, bytes, position)
  }

  close(): Promise<void> {
    return closing(this.fd)
  }
}
