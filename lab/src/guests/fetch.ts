import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { megabytes, plannedBytes, run, SetupError, step } from '../setup-step.ts'
import { guestModules, guestPackages, parts, rootOf, type Suite, suiteNames, suites } from './parts.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'

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
  for (const suite of suiteNames) if (!existsSync(rootOf(suite))) fetchSuite(suite)
}

function fetchSuite(suite: Suite): void {
  const folder = `${parts.folder}fetched/`
  rmSync(folder, { recursive: true, force: true })
  for (const name of ['archives/partial', 'lists/partial', 'root']) mkdirSync(`${folder}${name}`, { recursive: true })
  writeFileSync(`${folder}sources`, `deb [arch=arm64 signed-by=${KEYRING}] ${mirror()} ${suite} main\n`)
  writeFileSync(`${folder}status`, '')
  const apt = (...args: string[]) => run('apt-get', [...privately(folder), ...args])
  step(`reading the package index of ${suites[suite]} for arm64 (about 10 MB)`, () => apt('-qq', 'update'))
  const install = ['install', ...guestPackages]
  const bytes = plannedBytes(apt('--print-uris', ...install))
  step(`fetching ${guestPackages.join(' and ')} of ${suites[suite]} for arm64 (${megabytes(bytes)}), and unpacking them`, () => {
    apt('-qq', '--download-only', ...install)
    for (const deb of readdirSync(`${folder}archives`).filter((name) => name.endsWith('.deb'))) {
      run('dpkg-deb', ['-x', `${folder}archives/${deb}`, `${folder}root`])
    }
    renameSync(`${folder}root`, rootOf(suite))
  })
  rmSync(folder, { recursive: true })
}

/** The mirror of Debian that this machine uses. */
function mirror(): string {
  const indexes = run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(CODENAME)',
    'Created-By: Packages',
    'Origin: Debian',
  ])
  const found = indexes.split('\n').find((line) => /^\S+ \w+$/.test(line))
  if (found === undefined) throw new SetupError('apt has no index of Debian: run apt-get update')
  return found.split(' ')[0]!
}

/** Options that make apt plan for an arm64 machine of one suite with nothing installed, beside the machine it runs on. */
function privately(folder: string): string[] {
  const options = {
    'APT::Architecture': 'arm64',
    'APT::Architectures': 'arm64',
    'APT::Install-Recommends': 'false',
    'APT::Sandbox::User': 'root',
    'Debug::NoLocking': '1',
    'Dir::State::status': `${folder}status`,
    'Dir::State::lists': `${folder}lists`,
    'Dir::Cache::archives': `${folder}archives`,
    'Dir::Cache::pkgcache': '',
    'Dir::Cache::srcpkgcache': '',
    'Dir::Etc::sourcelist': `${folder}sources`,
    'Dir::Etc::sourceparts': '/dev/null',
  }
  return ['-y', ...Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}
