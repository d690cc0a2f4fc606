import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { vmlinuzOf } from '../cache.ts'
import { type Entry, initramfs } from './initramfs.ts'
import { guestKernel, guestModules, parts, SCRIPTS } from './parts.ts'

const QEMU = 'usr/bin/qemu-system-aarch64'
const LIBRARIES = ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu'] as const
const LOADER = 'lib/ld-linux-aarch64.so.1'

/** Where the host keeps what its guests boot from. */
export const guestFiles = { kernel: '/guest/vmlinuz', initramfs: '/guest/initramfs' } as const

/** The host's initramfs: QEMU with the libraries it needs, busybox, and inside it the kernel and initramfs of the guests. */
export function hostInitramfs(): string {
  const path = `${parts.folder}host.cpio`
  const sources = [...['init', 'view', 'alive'].map((name) => new URL(name, SCRIPTS)), vmlinuzOf(guestKernel)]
  const newest = Math.max(...sources.map((source) => statSync(source).mtimeMs))
  if (existsSync(path) && statSync(path).mtimeMs > newest) return path
  writeFileSync(
    path,
    initramfs([
      ...base(),
      ...qemuWithLibraries().map((file) => ({ path: file, data: readFileSync(`${parts.root}${file}`), mode: 0o755 })),
      { path: LOADER, link: 'aarch64-linux-gnu/ld-linux-aarch64.so.1' },
      { path: guestFiles.kernel.slice(1), data: readFileSync(vmlinuzOf(guestKernel)) },
      { path: guestFiles.initramfs.slice(1), data: gzipSync(guestInitramfs(), { level: 1 }) },
    ]),
  )
  return path
}

/** What a guest boots: busybox, the scripts, the modules in their order. */
function guestInitramfs(): Buffer {
  const modules = guestModules.map((name, index) => ({
    path: `modules/${String(index).padStart(2, '0')}-${name}.ko`,
    data: readFileSync(`${parts.modules}${name}.ko`),
  }))
  return initramfs([...base(), ...modules])
}

function base(): Entry[] {
  const script = (name: string) => readFileSync(new URL(name, SCRIPTS))
  return [
    ...['proc', 'sys', 'dev', 'tmp', 'modules'].map((path): Entry => ({ path, folder: true })),
    { path: 'bin/busybox', data: readFileSync(`${parts.root}bin/busybox`), mode: 0o755 },
    { path: 'init', data: script('init'), mode: 0o755 },
    { path: 'bin/view', data: script('view'), mode: 0o755 },
    { path: 'bin/alive', data: script('alive'), mode: 0o755 },
  ]
}

/** QEMU and the libraries it names, those that they name, and so on. @throws Error that names a library that is missing. */
function qemuWithLibraries(): string[] {
  const files = new Set([QEMU])
  const folders = LIBRARIES.filter((folder) => existsSync(`${parts.root}${folder}`))
  const have = new Map(
    folders.flatMap((folder) => readdirSync(`${parts.root}${folder}`).map((name) => [name, `${folder}/${name}`])),
  )
  for (const file of files) {
    for (const name of neededBy(`${parts.root}${file}`)) {
      const library = have.get(name)
      if (library === undefined) throw new Error(`${file} needs ${name}, which is not among the fetched packages`)
      files.add(library)
    }
  }
  return [...files]
}

const neededBy = (path: string) =>
  [...execFileSync('aarch64-linux-gnu-readelf', ['-d', path], { encoding: 'utf8' }).matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(
    ([, name]) => name!,
  )
