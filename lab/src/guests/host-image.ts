import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { type Entry, initramfs } from './initramfs.ts'
import {
  type GuestKernel,
  guestKernels,
  guestModules,
  imageOf,
  modulesOf,
  parts,
  type Root,
  rootNames,
  rootOf,
  roots,
  SCRIPTS,
} from './parts.ts'

const LOADER = 'ld-linux-aarch64.so.1'
/** Where a root has libraries; newer ones have them all in the second. */
const LIBRARIES = ['lib/aarch64-linux-gnu', 'usr/lib/aarch64-linux-gnu'] as const

/** What a guest's shell can be asked for. */
const scripts = ['view', 'alive', 'load', 'counts'] as const

/** Where the host keeps what its guests boot from. */
export const guestFiles = {
  kernel: (kernel: GuestKernel) => `/guest/vmlinuz-${kernel}`,
  initramfs: (kernel: GuestKernel) => `/guest/initramfs-${kernel}`,
} as const

/**
 * The host's initramfs: the programs of all roots with the libraries they need, busybox, and inside it the kernels and initramfs of the guests.
 *
 * @throws Error that says what to do when the lab is not set up.
 */
export function hostInitramfs(): string {
  const path = `${parts.folder}host.cpio`
  const sources = [
    ...['init', ...scripts].map((name) => fileURLToPath(new URL(name, SCRIPTS))),
    ...[fileURLToPath(import.meta.url), ...rootNames.map(rootOf)],
    ...guestKernels.flatMap((kernel) => [imageOf(kernel), modulesOf(kernel)]),
  ]
  if (!sources.every(existsSync)) throw new Error('the guests are not set up: run `npm run lab:setup`')
  const newest = Math.max(...sources.map((source) => statSync(source).mtimeMs))
  if (existsSync(path) && statSync(path).mtimeMs > newest) return path
  // Another run may be reading it.
  const whole = `${path}.${process.pid}`
  writeFileSync(
    whole,
    initramfs([
      ...base(),
      ...rootNames.flatMap(programOf),
      ...guestKernels.flatMap((kernel) => [
        { path: guestFiles.kernel(kernel).slice(1), data: readFileSync(imageOf(kernel)) },
        { path: guestFiles.initramfs(kernel).slice(1), data: gzipSync(guestInitramfs(kernel), { level: 1 }) },
      ]),
    ]),
  )
  renameSync(whole, path)
  return path
}

/** What a guest boots: busybox, the scripts, the modules in their order. */
function guestInitramfs(kernel: GuestKernel): Buffer {
  const fileOf = (name: string) => `${modulesOf(kernel)}${name}.ko`
  const modules = guestModules.flatMap((name, index) =>
    existsSync(fileOf(name))
      ? [{ path: `modules/${String(index).padStart(2, '0')}-${name}.ko`, data: readFileSync(fileOf(name)) }]
      : [],
  )
  return initramfs([...base(), ...modules])
}

function base(): Entry[] {
  const script = (name: string) => readFileSync(new URL(name, SCRIPTS))
  return [
    ...['proc', 'sys', 'dev', 'tmp', 'modules'].map((path): Entry => ({ path, folder: true })),
    { path: 'bin/busybox', data: readFileSync(`${rootOf('bookworm')}bin/busybox`), mode: 0o755 },
    { path: 'init', data: script('init'), mode: 0o755 },
    ...scripts.map((name): Entry => ({ path: `bin/${name}`, data: script(name), mode: 0o755 })),
  ]
}

/** The program of a root in a folder of that name, to be run with the folder as its root. */
function programOf(root: Root): Entry[] {
  const files = withLibraries(root)
  const loader = files.find((file) => file.endsWith(`/${LOADER}`))
  return [
    ...files.map((file) => ({ path: `${root}/${file}`, data: readFileSync(`${rootOf(root)}${file}`), mode: 0o755 })),
    { path: `${root}/lib/${LOADER}`, link: `/${loader}` },
  ]
}

/** A program and the libraries it names, those that they name, and so on. @throws Error that names a library that is missing. */
function withLibraries(root: Root): string[] {
  const files = new Set<string>([roots[root].program])
  const folder = rootOf(root)
  const libraries = LIBRARIES.filter((name) => existsSync(`${folder}${name}`))
  const have = new Map(libraries.flatMap((path) => readdirSync(`${folder}${path}`).map((name) => [name, `${path}/${name}`])))
  for (const file of files) {
    for (const name of neededBy(`${folder}${file}`)) {
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
