/**
 * What a problem does to the next restore, from worst to least: it fails with an errno; it succeeds and the guest loses, gains
 * or misdirects interrupts; nothing now, but a change would bring it out; nothing.
 */
export type Severity = 'fails' | 'corrupts' | 'latent' | 'note'

/** The six headings of `vits explain`, of docs/problems and of the JSON `help`. */
export interface Help {
  readonly what: string
  readonly why: string
  readonly when: string
  readonly outcome: string
  readonly fix: string
  readonly see: string
}

/** The headings in the order they are printed. */
export const headings = [
  ['what', 'What'],
  ['why', 'Why'],
  ['when', 'When'],
  ['outcome', 'Then'],
  ['fix', 'Fix'],
  ['see', 'See'],
] as const satisfies readonly (readonly [keyof Help, string])[]

/** One kind of problem. `Detail` is what a finding of this kind must tell. */
export interface Problem<Detail> {
  readonly slug: string
  /** What it mostly does; what it does in a given VM is measured. */
  readonly usually: Severity
  /** The finding in one sentence. */
  readonly says: (detail: Detail) => string
  /** What mends it, in a few words. */
  readonly fix: string
  readonly help: Help
}

export const problem = <Detail>(row: Problem<Detail>): Problem<Detail> => row

const abi = 'arm-vgic-its.rst "ITS Table ABI REV0"'
/** The kernel documents that the rows point at. */
export const see = {
  abi,
  restore: 'arm-vgic-its.rst "ITS Restore Sequence"',
  registers: 'arm-vgic-its.rst "KVM_DEV_ARM_VGIC_GRP_ITS_REGS"',
  scan: `${abi}; vgic-its.c, scan_its_table`,
  orphans: 'Linux commits e9649129d33d "Clear DTE when MAPD unmaps a device", 7602ffd1d5e8 "Clear ITE when DISCARD frees an ITE"',
} as const
