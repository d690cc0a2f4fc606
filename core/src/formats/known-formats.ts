/** What can be said of a format that is read. Sentences are for people: nothing is decided by them. */
export interface KnownFormat {
  /** What it is, and which versions of it are read. */
  readonly what: string
  /** The program, or the command, that writes it. */
  readonly writtenBy: string
  /** What in the file it is recognised by. */
  readonly toldBy: string
  /** What a command is given: one file, or the folder of several. */
  readonly given: 'file' | 'folder'
  /** What a repair writes: into the file itself and into copies, into copies only, or nothing. */
  readonly writtenBack: 'in place' | 'copies' | 'no'
  /** What beside the tables tells of the guest's mappings there; its kernel's own list wherever all of RAM is. */
  readonly witnesses: string
  /** What the reader was held against. */
  readonly heldAgainst: string
  /** Its page in docs/formats. */
  readonly page: string
}

const QEMU_WITNESSES = 'command queue, MSI-X and virtio state, vCPUs, guest kernel'

const DUMP_WITNESSES = 'command queue; the registers are the guest kernel’s'

/** Every format that is read, as `vits formats` lists them. */
export const knownFormats: readonly KnownFormat[] = [
  {
    what: 'QEMU migration stream, version 3',
    writtenBy: 'QEMU: migrate exec:, migrate file:; virsh dump without --memory-only',
    toldBy: 'QEVM',
    given: 'file',
    writtenBack: 'in place',
    witnesses: QEMU_WITNESSES,
    heldAgainst: 'saves of QEMU 7.2, 10.0 and 11.1 with KVM; repaired ones went on in a real KVM',
    page: 'qemu.md',
  },
  {
    what: 'QEMU mapped-ram file',
    writtenBy: 'QEMU 9 and later: migrate file: with the capability mapped-ram',
    toldBy: 'QEVM, and the capability mapped-ram',
    given: 'file',
    writtenBack: 'in place',
    witnesses: QEMU_WITNESSES,
    heldAgainst: 'a save of QEMU 10.0 with KVM',
    page: 'qemu.md',
  },
  {
    what: 'libvirt save: raw, sparse, gzip, bzip2, xz, lzop, zstd',
    writtenBy: 'virsh save, managedsave, snapshot-create --memspec; OpenStack suspend',
    toldBy: 'LibvirtQemudSave',
    given: 'file',
    writtenBack: 'in place',
    witnesses: QEMU_WITNESSES,
    heldAgainst:
      'a raw save of a real libvirt (of QEMU’s own ITS); packed ones written by its rules, with bodies of the programs themselves',
    page: 'libvirt.md',
  },
  {
    what: 'qcow2 image with an internal snapshot',
    writtenBy: 'QEMU: savevm; multipass suspend',
    toldBy: 'QFI\\xfb',
    given: 'file',
    writtenBack: 'no',
    witnesses: QEMU_WITNESSES,
    heldAgainst: 'an image of QEMU 7.2 with KVM',
    page: 'qemu.md',
  },
  {
    what: 'Proxmox VE state volume, raw',
    writtenBy: 'Proxmox VE: snapshot with RAM, hibernate',
    toldBy: 'QEVM; anything may follow the stream',
    given: 'file',
    writtenBack: 'in place',
    witnesses: QEMU_WITNESSES,
    heldAgainst: 'its source; streams of QEMU with all that a volume may have behind them',
    page: 'proxmox.md',
  },
  {
    what: 'Proxmox VE state volume, qcow2',
    writtenBy: 'Proxmox VE: snapshot with RAM, hibernate, on storage that has images',
    toldBy: 'QFI\\xfb, and QEVM on its disk',
    given: 'file',
    writtenBack: 'no',
    witnesses: QEMU_WITNESSES,
    heldAgainst: 'its source; a stream of QEMU with KVM, put on an image by qemu-img 7.2',
    page: 'proxmox.md',
  },
  {
    what: 'Cloud Hypervisor snapshot, v25 and later',
    writtenBy: 'Cloud Hypervisor with KVM: vm.snapshot; its offload daemon',
    toldBy: 'state.json: {"snapshots":, {"id":',
    given: 'folder',
    writtenBack: 'in place',
    witnesses: 'command queue, MSI-X state, guest kernel',
    heldAgainst: 'the source of eight versions; RAM and registers of saves of QEMU with KVM, written down as each of them does',
    page: 'cloud-hypervisor.md',
  },
  {
    what: 'Firecracker snapshot, 1.13 and later',
    writtenBy: 'Firecracker with KVM on arm64: PUT /snapshot/create, Full or Diff',
    toldBy: '00 00 aa aa 84 19 10 07, behind a 00 since 1.15',
    given: 'folder',
    writtenBack: 'in place',
    witnesses: 'command queue, MSI-X and virtio state of PCI devices, vCPUs, guest kernel',
    heldAgainst:
      'bytes of the crates that it is encoded with; the source of each release; RAM and registers of saves of QEMU with KVM, written down as each of them does',
    page: 'firecracker.md',
  },
  {
    what: 'raw RAM and its registers as JSON',
    writtenBy: 'whoever has them: vits show --view registers --json prints such a file',
    toldBy: '{"schema": 1, "format": "vits-registers"',
    given: 'folder',
    writtenBack: 'in place',
    witnesses: 'command queue, MSI state where it is told, guest kernel',
    heldAgainst: 'saves of QEMU with KVM, finding by finding',
    page: 'raw.md',
  },
  {
    what: 'ELF dump of guest RAM, without registers',
    writtenBy: 'QEMU: dump-guest-memory; virsh dump --memory-only; KubeVirt memory dumps',
    toldBy: '\\x7fELF',
    given: 'file',
    writtenBack: 'in place',
    witnesses: DUMP_WITNESSES,
    heldAgainst: 'a dump of QEMU 7.2 with KVM, beside the migration stream of the same moment',
    page: 'dumps.md',
  },
  {
    what: 'kdump file: zlib, lzo, snappy, zstd; flattened or not',
    writtenBy: 'QEMU: dump-guest-memory, virsh dump --memory-only --format kdump-*; makedumpfile',
    toldBy: 'KDUMP, makedumpfile',
    given: 'file',
    writtenBack: 'no',
    witnesses: DUMP_WITNESSES,
    heldAgainst: 'zlib: dumps of QEMU 7.2 and 11.1 with KVM; the others: blocks of the libraries themselves',
    page: 'dumps.md',
  },
  {
    what: 'case',
    writtenBy: 'vits extract',
    toldBy: 'VITSCASE',
    given: 'file',
    writtenBack: 'in place',
    witnesses: 'those of the VM that it is of',
    heldAgainst: 'the VM that it was made of, finding by finding',
    page: 'case.md',
  },
  {
    what: 'any of these packed as a whole: gzip, zstd, bzip2, xz, lzop',
    writtenBy: 'those programs, pigz; Incus and LXD stateful stops (gzip)',
    toldBy: '1f 8b, 28 b5 2f fd, BZh, fd 37 7a 58 5a, 89 4c 5a 4f',
    given: 'file',
    writtenBack: 'copies',
    witnesses: 'those of what is packed',
    heldAgainst: 'files of the tools themselves, at several levels; their checksums',
    page: 'packed.md',
  },
]
