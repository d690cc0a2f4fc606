import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { ForeignApt } from '../debian.ts'
import { CACHE } from '../folders.ts'
import { megabytes, run, SetupError, say, step } from '../setup-step.ts'
import { FETCHED, folderOf, isFetched, NOTE } from './fetched.ts'
import { type Candidate, candidatesFor, offeredPackages } from './offered.ts'
import type { PinnedKernel } from './pinned.ts'
import { seriesOf } from './version.ts'

/** A kernel that was fetched in the place of a pinned one that has left the mirror. */
export interface Substitute {
  readonly wanted: string
  readonly version: string
}

/**
 * Fetches kernels, each by its pinned hash; for one that has left the mirror, the newest of its series that its suite still has.
 *
 * @throws SetupError that names every kernel of which there is neither, after the others were fetched.
 */
export function fetchPinnedKernels(kernels: readonly PinnedKernel[]): Substitute[] {
  const missing = kernels.filter(({ version }) => !isFetched(version))
  const suites = [...new Set(missing.map(({ suite }) => suite))]
  const substitutes: Substitute[] = []
  const failures: string[] = []
  for (const suite of suites) {
    const wanted = missing.filter((kernel) => kernel.suite === suite)
    try {
      substitutes.push(...fetchFrom(suite, wanted))
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      failures.push(`${wanted.map(({ version }) => version).join(', ')} of ${suite}: ${error.message}`)
    }
  }
  if (failures.length > 0) throw new SetupError(failures.join('\n'))
  return substitutes
}

function fetchFrom(suite: string, wanted: readonly PinnedKernel[]): Substitute[] {
  const apt = new ForeignApt(`${CACHE}fetch-${suite}/`, [suite])
  try {
    step(`reading the package index of ${suite} for arm64 (up to 10 MB)`, () => apt.get('-qq', 'update'))
    const offered = offeredPackages(apt)
    return wanted.flatMap((kernel) => {
      const version = fetchFirst(apt, kernel, candidatesFor(kernel, offered))
      return version === kernel.version ? [] : [{ wanted: kernel.version, version }]
    })
  } finally {
    rmSync(apt.folder, { recursive: true, force: true })
  }
}

/** Fetches the first of some packages that the mirror still has: an index lists some that are gone. Returns its version. */
function fetchFirst(apt: ForeignApt, kernel: PinnedKernel, candidates: readonly Candidate[]): string {
  for (const candidate of candidates) {
    if (isFetched(candidate.version)) return candidate.version
    try {
      fetchPackage(apt, candidate, kernel)
      return candidate.version
    } catch (error) {
      if (!(error instanceof DownloadError)) throw error
      say(error.message)
    }
  }
  throw new SetupError(`${kernel.package} is not there, nor any other kernel of its series`)
}

/** The mirror does not give what its index lists. */
class DownloadError extends SetupError {}

/** Downloads a package, holds it against its hash, and keeps the image. */
function fetchPackage(apt: ForeignApt, { name, packaged, bytes, version }: Candidate, { image, ...pinned }: PinnedKernel): void {
  const folder = `${apt.folder}${version}/`
  mkdirSync(`${folder}image`, { recursive: true })
  step(`fetching Linux ${version}, ${name} ${packaged} (${megabytes(bytes)})`, () => {
    download(apt, `${name}=${packaged}`)
    const deb = `${apt.folder}${readdirSync(apt.folder).find((file) => file.startsWith(`${name}_`))!}`
    const hash = createHash('sha256').update(readFileSync(deb)).digest('hex')
    if (name === pinned.package && packaged === pinned.packaged && hash !== pinned.sha256) {
      throw new SetupError(`${name} ${packaged} has the SHA-256 ${hash}, and not the pinned ${pinned.sha256}`)
    }
    const extract = `dpkg-deb --fsys-tarfile '${deb}' | tar -x --wildcards --transform 's,.*/,,' -C '${folder}image' '${image}'`
    run('sh', ['-c', extract])
    const [file] = readdirSync(`${folder}image`)
    renameSync(`${folder}image/${file!}`, `${folder}vmlinuz`)
    rmSync(`${folder}image`, { recursive: true })
    rmSync(deb)
    writeFileSync(`${folder}${NOTE}`, `${name} ${packaged}\n${hash}\n`)
    mkdirSync(FETCHED, { recursive: true })
    rmSync(folderOf(version), { recursive: true, force: true })
    renameSync(folder, folderOf(version))
  })
}

function download(apt: ForeignApt, named: string): void {
  try {
    apt.get('-qq', 'download', named)
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    throw new DownloadError(error.message.split('\n').at(-1))
  }
}

/** The kernels that `--kernels` names: `all`, or versions parted by commas. @throws SetupError that lists what there is. */
export function kernelsNamed(list: string, pinned: readonly PinnedKernel[]): PinnedKernel[] {
  if (list === 'all') return [...pinned]
  return list.split(',').map((name) => {
    const kernel = pinned.find(({ version }) => version === name) ?? pinned.findLast(({ version }) => seriesOf(version) === name)
    if (kernel !== undefined) return kernel
    throw new SetupError(`no kernel ${name} to fetch: name all, or some of ${pinned.map(({ version }) => version).join(',')}`)
  })
}
