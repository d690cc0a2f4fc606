const TRAILER = 'TRAILER!!!'
const REGULAR = 0o100000
const DIRECTORY = 0o040000
const LINK = 0o120000

/** What an initramfs holds: a folder, a file with its permissions, or a symbolic link. */
export type Entry =
  | { readonly path: string; readonly folder: true }
  | { readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly path: string; readonly link: string }

/**
 * An uncompressed initramfs in cpio's `newc` format. Folders above an entry are made; every file belongs to root.
 *
 * @source Linux Documentation/driver-api/early-userspace/buffer-format.rst
 */
export function initramfs(entries: readonly Entry[]): Buffer {
  const records = [...foldersAbove(entries), ...entries].map((entry, index) => record(index + 1, entry))
  return Buffer.concat([...records, header({ inode: 0, mode: 0, bytes: 0, path: TRAILER })])
}

function foldersAbove(entries: readonly Entry[]): Entry[] {
  const folders = new Set<string>()
  for (const { path } of entries) {
    const parts = path.split('/').slice(0, -1)
    for (let depth = 1; depth <= parts.length; depth++) folders.add(parts.slice(0, depth).join('/'))
  }
  return [...folders].sort().map((path) => ({ path, folder: true }))
}

function record(inode: number, entry: Entry): Buffer {
  const { path } = entry
  if ('folder' in entry) return header({ inode, path, mode: DIRECTORY | 0o755, bytes: 0 })
  if ('link' in entry) return body({ inode, path, mode: LINK | 0o777 }, Buffer.from(entry.link))
  return body({ inode, path, mode: REGULAR | (entry.mode ?? 0o644) }, entry.data)
}

function body(what: { inode: number; path: string; mode: number }, data: Uint8Array): Buffer {
  return Buffer.concat([header({ ...what, bytes: data.length }), data, Buffer.alloc(-data.length & 3)])
}

/** Thirteen hexadecimal words behind the magic, then the name; all of it padded to four bytes. */
function header(file: { inode: number; path: string; mode: number; bytes: number }): Buffer {
  const { inode, path, mode, bytes } = file
  const words = [inode, mode, 0, 0, 1, 0, bytes, 0, 0, 0, 0, path.length + 1, 0]
  const text = `070701${words.map((word) => word.toString(16).padStart(8, '0')).join('')}${path}\0`
  return Buffer.from(text.padEnd((text.length + 3) & ~3, '\0'), 'latin1')
}
