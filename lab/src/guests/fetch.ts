import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { ForeignApt } from '../debian.ts'
import { megabytes, plannedBytes, run, SetupError, step } from '../setup-step.ts'
import { type GuestKernel, guestModules, imageOf, modulesOf, parts, type Root, rootNames, rootOf, roots } from './parts.ts'

/** True when the modules of a kernel have been unpacked. */
export const hasModules = (kernel: GuestKernel) => existsSync(modulesOf(kernel))

/** Takes the modules that guests load out of a kernel's package; those that it lacks are left out. */
export function unpackModules(deb: string, kernel: GuestKernel): void {
  const folder = `${parts.folder}unpacked/`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(`${folder}modules`, { recursive: true })
  run('dpkg-deb', ['-x', deb, folder])
  const found = run('find', [folder, '-name', '*.ko', '-o', '-name', '*.ko.xz']).split('\n')
  for (const name of guestModules) {
    const path = found.find((file) => file.endsWith(`/${name}.ko`) || file.endsWith(`/${name}.ko.xz`))
    if (path !== undefined) run('sh', ['-c', `xz -dcf '${path}' > '${folder}modules/${name}.ko'`])
  }
  rmSync(modulesOf(kernel), { recursive: true, force: true })
  renameSync(`${folder}modules`, modulesOf(kernel))
  rmSync(folder, { recursive: true })
}

/** Fetches what the host runs, with all it depends on, and unpacks it: nothing foreign is installed. */
export function fetchGuestPrograms(): void {
  for (const root of rootNames) if (!existsSync(rootOf(root))) fetchRoot(root)
}

function fetchRoot(root: Root): void {
  const { suite, release, packages } = roots[root]
  const apt = new ForeignApt(`${parts.folder}fetched/`, [suite])
  const { folder } = apt
  mkdirSync(`${folder}root`)
  step(`reading the package index of ${release} for arm64 (about 10 MB)`, () => apt.get('-qq', 'update'))
  const install = ['install', ...packages]
  const bytes = plannedBytes(apt.get('--print-uris', ...install))
  step(`fetching ${packages.join(' and ')} of ${release} for arm64 (${megabytes(bytes)}), and unpacking them`, () => {
    apt.get('-qq', '--download-only', ...install)
    for (const deb of readdirSync(`${folder}archives`).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', `${folder}archives/${deb}`, `${folder}root`])
    }
  })
  if (root === 'sid') fetchNewestKernel(apt)
  renameSync(`${folder}root`, rootOf(root))
  rmSync(folder, { recursive: true })
}

/** Fetches the newest kernel of the suite whose index is in a folder: its image and its modules are packages of their own. */
function fetchNewestKernel(apt: ForeignApt): void {
  const { folder } = apt
  const versions = apt
    .cache('pkgnames', 'linux-binary-')
    .split('\n')
    .flatMap((name) => /^linux-binary-(\d[\d.]+\+deb\d+-arm64)$/.exec(name)?.[1] ?? [])
  const newest = versions.sort((a, b) => a.localeCompare(b, undefined, { numeric: true })).at(-1)
  if (newest === undefined) throw new SetupError('Debian sid has no kernel for arm64 that is made as before')
  const packages = [`linux-binary-${newest}`, `linux-modules-${newest}`]
  const bytes = plannedBytes(apt.get('--print-uris', 'download', ...packages))
  step(`fetching Linux ${newest} (${megabytes(bytes)}) and unpacking it`, () => {
    apt.get('-qq', 'download', ...packages)
    const [image, modules] = packages.map((name) => readdirSync(folder).find((file) => file.startsWith(`${name}_`))!)
    run('dpkg-deb', ['-x', `${folder}${image}`, `${folder}kernel`])
    copyFileSync(`${folder}kernel/usr/lib/modules/${newest}/vmlinuz`, imageOf('sid'))
    unpackModules(`${folder}${modules}`, 'sid')
  })
}
