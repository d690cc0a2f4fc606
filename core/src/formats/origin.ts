/** How a file may be compressed. */
export const compressions = ['gzip', 'zstd', 'bzip2', 'xz', 'lzop'] as const
export type Compression = (typeof compressions)[number]

/** What a VMM's save lies in: nothing, a libvirt save, an internal snapshot of a disk image, or the disk itself of one, as with Proxmox. */
export type Container =
  | { readonly kind: 'plain' }
  | { readonly kind: 'libvirt'; readonly storage: 'raw' | Compression }
  | { readonly kind: 'qcow2'; readonly snapshot: string }
  | { readonly kind: 'qcow2-disk' }

export const qemuRams = ['stream', 'mapped-ram', 'running', 'elf', 'kdump'] as const

/** What QEMU wrote. */
export interface QemuOrigin {
  readonly vmm: 'qemu'
  /**
   * `stream`: records of pages one after the other; `mapped-ram`: every page at its own place; `running`: never saved. Dumps, which have
   * nothing else: `elf`: RAM as it was; `kdump`: every page packed by itself.
   */
  readonly ram: (typeof qemuRams)[number]
  readonly container: Container
}

/** Versions of Cloud Hypervisor that write alike. */
export const snapshotVersions = ['v25 to v28', 'v29 to v38', 'v39 to v45', 'v46 or later'] as const

/** What Cloud Hypervisor wrote. */
export interface CloudHypervisorOrigin {
  readonly vmm: 'cloud-hypervisor'
  readonly versions: (typeof snapshotVersions)[number]
}

/** What Firecracker wrote. */
export interface FirecrackerOrigin {
  readonly vmm: 'firecracker'
  /** Which releases write states of this kind: `main` is what comes after them. */
  readonly release: FirecrackerRelease
  /** Its own version of the state: `9.0.0`. */
  readonly snapshot: string
  /** RAM as a whole, or as changes of another file. */
  readonly ram: 'full' | 'diff'
}

export const firecrackerReleases = ['1.13', '1.14', '1.15', '1.16', 'main'] as const
export type FirecrackerRelease = (typeof firecrackerReleases)[number]

/** What somebody put together: RAM, and the registers as JSON. */
export interface RawOrigin {
  readonly vmm: 'raw'
}

/** What a VMM wrote; one member for each VMM whose saves are read. */
export type Origin = QemuOrigin | CloudHypervisorOrigin | FirecrackerOrigin | RawOrigin

/** What the files of a machine are: the save of a VMM, or a case that was made of one. */
export type MachineKind = Origin['vmm'] | 'case'

/** What a file is, for people: `QEMU stream in a libvirt save (zstd)`. */
export function formatWords(kind: MachineKind, origin: Origin): string {
  return `${kind === 'case' ? 'case of a ' : ''}${originWords(origin)}`
}

function originWords(origin: Origin): string {
  switch (origin.vmm) {
    case 'qemu':
      return `${qemuWords[origin.ram]}${containerWords(origin.container)}`
    case 'cloud-hypervisor':
      return 'Cloud Hypervisor snapshot'
    case 'firecracker':
      return `Firecracker ${origin.ram === 'diff' ? 'diff snapshot' : 'snapshot'} ${origin.snapshot} (${origin.release})`
    case 'raw':
      return 'raw RAM and registers'
  }
}

const qemuWords: Readonly<Record<QemuOrigin['ram'], string>> = {
  stream: 'QEMU stream',
  'mapped-ram': 'QEMU mapped-ram file',
  running: 'running QEMU VM',
  elf: 'QEMU ELF dump',
  kdump: 'QEMU kdump file',
}

function containerWords(container: Container): string {
  switch (container.kind) {
    case 'plain':
      return ''
    case 'libvirt':
      return ` in a libvirt save${container.storage === 'raw' ? '' : ` (${container.storage})`}`
    case 'qcow2':
      return ` in qcow2 snapshot "${container.snapshot}"`
    case 'qcow2-disk':
      return ' on the disk of a qcow2 image'
  }
}
