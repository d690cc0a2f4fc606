import { debianRelease, newestDebianRelease } from './debian-kernels.ts'
import { parseRelease, type Release } from './releases.ts'

/** What the name of a kernel says. */
export interface NamedKernel {
  /** The mainline or stable release that it is, or was made from. */
  readonly release: Release
  /**
   * Whose changes it may have that the release has not; undefined for mainline, stable, and Debian, which follows stable, where its
   * number is known.
   */
  readonly vendor: string | undefined
}

/** What tells a vendor's kernel by its name; the first that matches. Their backports are not in the number. */
const vendors: readonly (readonly [RegExp, string])[] = [
  [/^\d+\.\d+\.\d+-\S*\.el\d/, 'RHEL'],
  [/\.amzn\d/, 'Amazon Linux'],
  [/\.fc\d/, 'Fedora'],
  [/-android\d/, 'Android'],
  [/^\d+\.\d+\.\d+-\d+\.\d+\S*-(default|64kb|rt)\b/, 'SLES'],
  [/^\d+\.\d+\.0-\d+-[a-z]/, 'Ubuntu'],
]

/** `6.1.0-28-arm64`, `5.10.0-0.deb10.30-cloud-arm64`: the release is not in the name, the number of Debian's ABI is. */
const DEBIAN_ABI = /^(\d+\.\d+)\.0-(?:0\.deb\d+\.)?(\d+)-(?:cloud-|rt-)?(?:arm64|amd64)\b/
/** What `uname -v` and /proc/version say of such a kernel: `#1 SMP Debian 6.1.119-1 (2024-11-22)`. */
const DEBIAN_VERSION = /\bDebian (\d+\.\d+(?:\.\d+)?)(?:~(rc\d+))?/

/**
 * Reads what `uname -r` prints (`6.12.43+deb12-cloud-arm64`, `6.8.0-45-generic`), a release (`6.12.117`, `7.3-rc7`), or a whole
 * /proc/version. Undefined for what names no kernel.
 */
export function parseKernelName(text: string): NamedKernel | undefined {
  const name = text
    .trim()
    .replace(/^Linux version /i, '')
    .replace(/^(linux-|v)(?=\d)/, '')
  const [, version, rc] = DEBIAN_VERSION.exec(text) ?? []
  const stated = version === undefined ? undefined : parseRelease(rc === undefined ? version : `${version}-${rc}`)
  if (stated !== undefined) return { release: stated, vendor: undefined }
  const [, series, abi] = DEBIAN_ABI.exec(name) ?? []
  if (series !== undefined) {
    const release = debianRelease(series, Number(abi))
    if (release !== undefined) return { release, vendor: undefined }
    const near = newestDebianRelease(series) ?? parseRelease(series)
    return near && { release: near, vendor: 'Debian' }
  }
  const release = parseRelease(name)
  return release && { release, vendor: vendors.find(([pattern]) => pattern.test(name))?.[1] }
}
