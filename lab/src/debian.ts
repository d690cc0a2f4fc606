import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { run, SetupError } from './setup-step.ts'

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const ofSecurity = /-security$/

/** apt as an arm64 machine of some of Debian's suites would run it, with nothing installed, beside the machine it runs on. */
export class ForeignApt {
  /** Where it keeps everything; emptied first, and whoever asks for it removes it. */
  readonly folder: string
  readonly #options: readonly string[]

  constructor(folder: string, suites: readonly string[]) {
    this.folder = folder
    rmSync(folder, { recursive: true, force: true })
    for (const name of ['archives/partial', 'lists/partial']) mkdirSync(`${folder}${name}`, { recursive: true })
    const lines = suites.map((suite) => `deb [arch=arm64 signed-by=${KEYRING}] ${mirrorOf(suite)} ${suite} main\n`)
    writeFileSync(`${folder}sources`, lines.join(''))
    writeFileSync(`${folder}status`, '')
    this.#options = privately(folder)
  }

  /** Runs apt-get in the folder, and returns what it printed. @throws SetupError when it fails. */
  get(...args: string[]): string {
    return run('apt-get', [...this.#options, '-y', ...args], { cwd: this.folder })
  }

  /** Runs apt-cache. @throws SetupError when it fails. */
  cache(...args: string[]): string {
    return run('apt-cache', [...this.#options, ...args])
  }
}

/** The mirror of Debian, or of its security updates, that this machine uses. */
function mirrorOf(suite: string): string {
  const security = ofSecurity.test(suite)
  const format = ['indextargets', '--format', '$(REPO_URI) $(CODENAME)', 'Created-By: Packages', 'Origin: Debian']
  const targets = run('apt-get', format)
    .split('\n')
    .map((line) => line.split(' '))
  const found = targets.find(([uri, codename]) => uri && codename && (security ? ofSecurity : /^\w+$/).test(codename))
  if (found === undefined) {
    throw new SetupError(`apt has no index of Debian${security ? "'s security updates" : ''}: run apt-get update`)
  }
  return found[0]!
}

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
  return Object.entries(options).flatMap(([name, value]) => ['-o', `${name}=${value}`])
}
