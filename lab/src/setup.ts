// Fetches and builds what the lab runs: QEMU, a cross compiler, two Debian kernels, the agent. Does only what is not done yet.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type KernelSeries, kernelPackages, kernelSeries, packageNoteOf, vmlinuzOf } from './cache.ts'
import { identify } from './commands/identify.ts'
import { AGENT, AGENT_SOURCES, CACHE, INITRAMFS } from './folders.ts'
import { fetchGuestPrograms, hasModules, unpackModules } from './guests/fetch.ts'
import { fetchPinnedKernels, kernelsNamed } from './kernels/fetch.ts'
import { pinnedKernels } from './kernels/pinned.ts'
import { has, megabytes, plannedBytes, run, SetupError, say, step } from './setup-step.ts'

/** Debian's packages, and the program each is wanted for. */
const packages = {
  'qemu-system-arm': 'qemu-system-aarch64',
  'gcc-aarch64-linux-gnu': 'aarch64-linux-gnu-gcc',
  'libc6-dev-arm64-cross': '/usr/aarch64-linux-gnu/lib/libc.a',
  cpio: 'cpio',
} as const

function refuseWithout(reason: string, commands: readonly string[]): never {
  throw new SetupError([`${reason}. As root on Debian 12:`, ...commands.map((line) => `  ${line}`)].join('\n'))
}

/** Everything that needs root, so that a plain user can be told all of it at once. */
const rootCommands = [
  'dpkg --add-architecture arm64 && apt-get update',
  `apt-get install --no-install-recommends ${Object.keys(packages).join(' ')}`,
]

function needRoot(reason: string): void {
  if (!has('apt-get') || !has('dpkg-deb'))
    refuseWithout('the lab is made of Debian packages and this is no Debian-like system', rootCommands)
  if (process.getuid?.() !== 0) refuseWithout(`${reason}, which only root can do`, rootCommands)
}

function updateIndex(): void {
  step('reading the package index (apt-get update, about 10 MB for arm64)', () => run('apt-get', ['update', '-qq']))
}

function installPackages(): void {
  const missing = Object.entries(packages).flatMap(([name, program]) => (has(program) ? [] : [name]))
  if (missing.length === 0) return
  needRoot(`${missing.join(', ')} must be installed`)
  const install = ['install', '-y', '--no-install-recommends', ...missing]
  if (spawnSync('apt-get', ['-s', ...install]).status !== 0) updateIndex()
  const plan = run('apt-get', ['--assume-no', '--print-uris', ...install])
  step(`installing ${missing.join(' ')} and what they need (${megabytes(plannedBytes(plan))} to fetch)`, () =>
    run('apt-get', ['-qq', ...install]),
  )
}

/** The newest package of a series that the index knows, with its version; undefined when it knows none. */
function newestPackage(series: KernelSeries): { name: string; version: string; bytes: number } | undefined {
  const found = run('apt-cache', ['pkgnames', 'linux-image-6.'])
    .split('\n')
    .flatMap((name) => {
      const match = kernelPackages[series].exec(name)
      return match === null ? [] : [{ name, revision: Number(match[1]) }]
    })
    .sort((a, b) => b.revision - a.revision)
  const newest = found[0]
  if (newest === undefined) return undefined
  const show = run('apt-cache', ['show', '--no-all-versions', `${newest.name}:arm64`])
  return { name: newest.name, version: /^Version: (.*)$/m.exec(show)![1]!, bytes: Number(/^Size: (.*)$/m.exec(show)![1]) }
}

/** Makes the index know arm64 packages. */
function knowArm64(): void {
  if (kernelSeries.every((series) => newestPackage(series) !== undefined)) return
  needRoot('the arm64 package index must be read')
  if (run('dpkg', ['--print-foreign-architectures']).split('\n').includes('arm64') === false) {
    step('adding the architecture arm64', () => run('dpkg', ['--add-architecture', 'arm64']))
  }
  updateIndex()
}

function fetchKernel(series: KernelSeries): void {
  const target = vmlinuzOf(series)
  const found = newestPackage(series)
  if (found === undefined) throw new SetupError(`this Debian offers no ${series} cloud kernel for arm64 (Debian 12 does)`)
  const folder = mkdtempSync(`${CACHE}fetch-`)
  try {
    step(`fetching ${found.name} ${found.version} (${megabytes(found.bytes)}) and unpacking it`, () => {
      run('apt-get', ['-qq', '-o', 'APT::Sandbox::User=root', 'download', `${found.name}:arm64`], { cwd: folder })
      const deb = readdirSync(folder).find((name) => name.endsWith('.deb'))!
      run('sh', ['-c', `dpkg-deb --fsys-tarfile '${deb}' | tar -x --wildcards --strip-components=2 './boot/vmlinuz-*'`], {
        cwd: folder,
      })
      const image = readdirSync(folder).find((name) => name.startsWith('vmlinuz-'))!
      writeFileSync(packageNoteOf(series), `${found.name} ${found.version}\n`)
      unpackModules(`${folder}/${deb}`, series)
      renameSync(`${folder}/${image}`, target)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function fetchKernels(): void {
  const missing = kernelSeries.filter((series) => !existsSync(vmlinuzOf(series)) || !hasModules(series))
  if (missing.length === 0) return
  if (!has('apt-get') || !has('dpkg-deb')) needRoot('kernels must be fetched')
  knowArm64()
  for (const series of missing) fetchKernel(series)
}

/** Compiles the agent and packs it as the only program of an initramfs, unless that is newer than its sources. */
function buildAgent(): void {
  const sources = readdirSync(AGENT_SOURCES).map((name) => `${AGENT_SOURCES}${name}`)
  const newest = Math.max(...sources.map((path) => statSync(path).mtimeMs))
  if ([INITRAMFS, AGENT].every((path) => existsSync(path) && statSync(path).mtimeMs > newest)) return
  const folder = mkdtempSync(`${CACHE}build-`)
  const files = sources.filter((path) => path.endsWith('.c'))
  try {
    step('compiling the agent (static, 600 kB) and packing it', () => {
      run('aarch64-linux-gnu-gcc', [
        '-O2',
        '-Wall',
        '-Wextra',
        '-Werror',
        '-static',
        '-s',
        '-pthread',
        '-o',
        `${folder}/init`,
        ...files,
      ])
      mkdirSync(`${folder}/dev`)
      run('sh', ['-c', `printf 'dev\\ninit\\n' | cpio -o -H newc -R 0:0 --reproducible --quiet > agent.cpio`], { cwd: folder })
      renameSync(`${folder}/agent.cpio`, INITRAMFS)
      renameSync(`${folder}/init`, AGENT)
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const HELP = `Usage: npm run lab:setup [-- --kernels all|VERSION,...]

Fetches and builds what the lab needs: QEMU, a cross compiler, kernels, the agent. As root on Debian 12, once.
`

/** Sets the lab up, with the kernels that are named; quick when nothing is missing. @throws SetupError that says what to do. */
async function setUp(kernels: string | undefined): Promise<void> {
  const named = kernels === undefined ? [] : kernelsNamed(kernels, pinnedKernels)
  mkdirSync(CACHE, { recursive: true })
  // What an interrupted setup left behind.
  for (const name of readdirSync(CACHE)) if (/^(fetch|build)-/.test(name)) rmSync(`${CACHE}${name}`, { recursive: true })
  installPackages()
  fetchKernels()
  fetchGuestPrograms()
  buildAgent()
  for (const { wanted, version } of fetchPinnedKernels(named)) {
    say(`Linux ${wanted} has left the mirror: here is ${version}, and this is how it behaves`)
    await identify([version])
  }
}

try {
  const { values } = parseArgs({
    options: { kernels: { type: 'string' }, help: { type: 'boolean', short: 'h', default: false } },
  })
  if (values.help) process.stdout.write(HELP)
  else {
    await setUp(values.kernels)
    say(`The lab is ready in ${CACHE}`)
  }
} catch (error) {
  if (!(error instanceof SetupError)) throw error
  process.stderr.write(`\n${error.message}\n`)
  process.exitCode = 1
}
