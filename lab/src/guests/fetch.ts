import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { megabytes, plannedBytes, run, step } from '../setup-step.ts'
import { guestModules, guestPackages, parts } from './parts.ts'

/** True when every module of the guests has been unpacked. */
export const hasModules = () => guestModules.every((name) => existsSync(`${parts.modules}${name}.ko`))

/** Takes the guests' modules out of a kernel package. */
export function unpackModules(deb: string): void {
  const folder = `${parts.folder}unpacked/`
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  mkdirSync(parts.modules, { recursive: true })
  const names = guestModules.map((name) => `'*/${name}.ko.xz'`).join(' ')
  run('sh', ['-c', `dpkg-deb --fsys-tarfile '${deb}' | tar -x -C '${folder}' --wildcards ${names}`])
  for (const name of guestModules) {
    run('sh', ['-c', `find '${folder}' -name '${name}.ko.xz' -exec xz -dc {} + > '${parts.modules}${name}.ko'`])
  }
  rmSync(folder, { recursive: true })
}

/** Fetches QEMU and busybox for arm64, with all they depend on, and unpacks them: nothing foreign is installed. */
export function fetchGuestPrograms(): void {
  if (existsSync(parts.root)) return
  const archives = `${parts.folder}archives/`
  mkdirSync(`${archives}partial`, { recursive: true })
  const status = `${parts.folder}status`
  writeFileSync(status, '')
  const apt = (...args: string[]) => run('apt-get', [...privately(archives, status), ...args, 'install', ...guestPackages])
  const bytes = plannedBytes(apt('--print-uris'))
  step(`fetching ${guestPackages.join(' and ')} for arm64 and what they need (${megabytes(bytes)}), and unpacking them`, () => {
    apt('-qq', '--download-only')
    const folder = `${parts.folder}unpacked/`
    rmSync(folder, { recursive: true, force: true })
    for (const deb of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', `${archives}${deb}`, folder])
    }
    renameSync(folder, parts.root)
    rmSync(archives, { recursive: true })
  })
}

/** Options that make apt plan for an arm64 machine with nothing installed, beside the machine it runs on. */
const privately = (archives: string, status: string) =>
  [
    '-y',
    ...['APT::Architecture=arm64', 'APT::Architectures=arm64', 'APT::Install-Recommends=false', 'APT::Sandbox::User=root'],
    ...[`Dir::State::status=${status}`, `Dir::Cache::archives=${archives}`, 'Debug::NoLocking=1'],
  ].flatMap((option) => (option.startsWith('-') ? [option] : ['-o', option]))
