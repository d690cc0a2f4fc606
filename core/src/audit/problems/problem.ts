import type { Errno } from '../../memory/index.ts'

/**
 * What a problem does to the next restore, from worst to least: it fails with an errno; it succeeds and the guest loses, gains
 * or misdirects interrupts; nothing now, but a change would bring it out; nothing.
 */
export type Severity = 'fails' | 'corrupts' | 'latent' | 'note'

/**
 * How a guest waits for ever by a problem, the surest way first: it does not come back at all; interrupts do not; one that was due was
 * lost; they come as something else; a vCPU takes none; what may be live does not come back; only hot-plugging and errors of the bus are
 * not told.
 */
export const hangs = ['stops', 'lost', 'missed', 'astray', 'disabled', 'perhaps', 'bus'] as const
export type Hang = (typeof hangs)[number]

/**
 * What an audit looks at, in the order in which it is told. `pending` and `notifications` are the whole VM's: the first ITS tells of
 * them.
 */
export type LookSubject = 'registers' | 'tables' | 'guest' | 'configuration' | 'pending' | 'notifications'

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

/**
 * What can be done in guest RAM about a problem: make the `fix` that the audit proposes, mostly clearing the entry; mend the
 * `chain` it breaks; write the `collections` list anew; write the device or event anew as the `history` of the command queue
 * has it, and if it does not tell, `drop` the entry although the guest uses it; or set a `register` of the file to what the guest has.
 */
export type Remedy = 'fix' | 'chain' | 'collections' | 'history' | 'drop' | 'register'

/** The codes of one entry's problem: `ending` when it hides live mappings as the last of its chain (next = 0), `hiding` when it does so at all, `unvisited` when no restore comes to it. */
export interface Recode {
  readonly ending?: Code
  readonly hiding?: Code
  readonly unvisited: Code
}

/** A repair of any kind that is refused, or only the writing of what the command queue tells. */
export interface Block {
  readonly what: 'repair' | 'history'
  readonly because: string
}

/** How codes look; `problems` has those that there are. */
type Code = `${'R' | 'C' | 'D' | 'I' | 'L' | 'Q' | 'M' | 'N'}${number}`

/** What calls of KVM answer by a problem: what a VMM prints then leads to it. By the names of `itsAttributes`. */
export type Answers = Readonly<Partial<Record<'restore-tables' | 'registers', readonly Errno[]>>>

/** One kind of problem. `Detail` is what a finding of this kind must tell. */
export interface Problem<Detail> {
  readonly slug: string
  /** What it mostly does; what it does in a given VM is measured. */
  readonly usually: Severity
  /** The finding in one sentence; `hidden`: live events that a restore loses by it. */
  readonly describe: (detail: Detail, hidden: number) => string
  /** What mends it, in a few words. */
  readonly fix: string
  /** What a repair may do about it in guest RAM, in the order tried; nothing when absent. */
  readonly remedies?: readonly Remedy[]
  /** What the guest has mapped does not come back: judged by the mappings themselves, not by the finding. */
  readonly loss?: true
  /** No witness knows whether it is so. */
  readonly perhaps?: true
  /** Two entries claim one thing. It does harm when the entry comes back, and mostly goes with what is found about that entry alone. */
  readonly sharesEntry?: true
  /** What it does where it loses and gains no event: of so many findings. */
  readonly harm?: (findings: number) => string
  readonly answers?: Answers
  /** A kernel is busy with it for so long, all vCPUs locked, that it complains. */
  readonly stalls?: true
  /** A restore may be clean beside it: a repair of everything mends it all the same. */
  readonly beyondRestore?: true
  /** To what of all that is looked at it belongs, where its letter does not say so. */
  readonly look?: LookSubject
  /** How a guest that comes back hangs by it, where no lost event shows that. */
  readonly hang?: Hang
  /** What it is called by what the entry was measured to do. */
  readonly recode?: Recode
  /** Something was not looked at: a restore that goes well as far as it was followed is undecided, and `check` exits with 64. */
  readonly isGap?: true
  /** A gap, not in what was looked at, but in what is known of the kernel. */
  readonly ofKernel?: true
  /** What must not be done while it is there. */
  readonly blocks?: Block
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

export const staleHeadWhy =
  'A save of a kernel that knows no heads leaves them as they are, and the guest has mapped or unmapped something since they were written. Or it is rubbish that looks like one.'

export const staleHeadSee =
  'docs/decisions/dummy-heads.md; J. Zhang, "KVM: arm64: vgic-its: Add a dummy DTE/ITE if necessary", 5 Nov 2024'
