/** A number as `0x` and lower-case hex digits. */
export type Hex = `0x${string}`

/** What a call answered: `0`, `1` or the name of an errno. */
export type Rc = string

/** One command of the queue: what it says, and its four doublewords. */
export interface QueuedCommand {
  readonly name: string
  readonly dw: readonly Hex[]
}

/** Steps on an ITS name which one when a VM has several: its number, in the order they were created. */
interface OnIts {
  readonly its?: number
}

/**
 * One step: what is asked of a VM, and, in the fields that `answerFields` names, what it answered on record, if it is on record.
 * Memory is hex digits in memory order; `reg` is a register's name or its offset.
 */
export type Step =
  | {
      readonly op: 'create_vm'
      readonly vcpus: number
      /** The ids of the vCPUs, in the order they are created, where they are not 0, 1, 2, ... Steps name a vCPU by its id. */
      readonly vcpu_ids?: readonly number[]
      readonly ram: readonly { readonly base: Hex; readonly size: Hex }[]
      /** False leaves the GIC uninitialised. */
      readonly gic_init: boolean
      readonly its_base: Hex
      readonly no_its?: boolean
      /** Addresses of further ITSes: number 1, 2, ... */
      readonly more_its?: readonly Hex[]
      /** KVM logs the pages that it writes: KVM_MEM_LOG_DIRTY_PAGES on every slot. */
      readonly log_dirty?: boolean
    }
  /** The RAM of a VM that goes may be the next one's. */
  | { readonly op: 'destroy_vm'; readonly ram_kept: boolean }
  /** A memory slot changes: size 0 takes it away with its contents, a slot that comes back holds zeros. */
  | { readonly op: 'mem_slot'; readonly slot: number; readonly base: Hex; readonly size: Hex }
  /** KVM_GET_DIRTY_LOG: the pages of a slot that KVM wrote since it was last asked. What user space wrote is not among them. */
  | { readonly op: 'dirty_log'; readonly slot: number; readonly base: Hex; readonly pages?: readonly Hex[] }
  | ({ readonly op: 'its_write'; readonly reg: string; readonly value: Hex } & OnIts & {
        readonly rc?: Rc
        readonly readback?: Hex
        readonly readback_rc?: Rc
      })
  | ({ readonly op: 'its_read'; readonly reg: string } & OnIts & { readonly rc?: Rc; readonly value?: Hex })
  | ({ readonly op: 'its_regs' } & OnIts & { readonly values?: Readonly<Record<string, string>> })
  | { readonly op: 'redist_write'; readonly cpu: number; readonly reg: string; readonly value: Hex; readonly rc?: Rc }
  | { readonly op: 'redist_read'; readonly cpu: number; readonly reg: string; readonly rc?: Rc; readonly value?: Hex }
  | {
      readonly op: 'mem_write'
      readonly gpa: Hex
      readonly what?: string
      readonly hex?: string
      /** Instead of `hex`: one byte, `len` times. */
      readonly fill?: string
      readonly len?: Hex
    }
  | { readonly op: 'mem_zero'; readonly gpa: Hex; readonly len: Hex; readonly what?: string }
  /** `nonzero`: offset to bytes; everything else is zero. */
  | {
      readonly op: 'mem_dump'
      readonly what: string
      readonly gpa: Hex
      readonly len: Hex
      readonly nonzero?: Readonly<Record<string, string>>
    }
  /** Puts commands into the queue at `cwriter_before`, wrapping, and writes GITS_CWRITER once. */
  | ({
      readonly op: 'commands'
      readonly cwriter_before: Hex
      readonly list: readonly QueuedCommand[]
      readonly cwriter_written: Hex
    } & OnIts & { readonly rc?: Rc; readonly creadr?: string; readonly cwriter?: string; readonly ctlr?: string })
  | ({ readonly op: ControlOp } & OnIts & { readonly rc?: Rc })
  /** Any other attribute of the control group of the GIC or of an ITS. */
  | { readonly op: 'gic_ctrl_attr'; readonly attr: number; readonly rc?: Rc }
  | ({ readonly op: 'its_ctrl_attr'; readonly attr: number } & OnIts & { readonly rc?: Rc })
  | {
      readonly op: 'signal_msi'
      readonly address: Hex
      readonly devid: Hex
      readonly eventid: Hex
      readonly flags: number
      readonly why?: string
      readonly rc?: Rc
    }
  /** What guest code on a vCPU read from ICC_IAR1, in order: needs a CPU interface. */
  | { readonly op: 'guest_acknowledged'; readonly cpu: number; readonly what: string; readonly intids?: readonly number[] }
  /** A line for the lab's agent, for what has no op of its own. */
  | { readonly op: 'raw'; readonly what: string; readonly line: string; readonly rc?: Rc; readonly data?: string }
  | { readonly op: 'note'; readonly text: string }
  | { readonly op: 'timing' | 'result' }

/** The steps that set one attribute of KVM_DEV_ARM_VGIC_GRP_CTRL. */
export type ControlOp =
  | 'its_ctrl_init'
  | 'its_save_tables'
  | 'its_restore_tables'
  | 'its_ctrl_reset'
  | 'gic_ctrl_init'
  | 'gic_save_pending_tables'

export type StepOp = Step['op']

/** The step with this op. */
export type StepOf<O extends StepOp, S extends Step = Step> = S extends Step ? (O extends S['op'] ? S : never) : never

/** A recording of one kernel: its steps in order, with its answers. */
export interface Recording {
  readonly format: 'kvm-its-golden-1'
  readonly scenario: string
  /** As `uname -r` says. */
  readonly kernel: string
  /** As `uname -v` says: Debian names the stable release there. */
  readonly kernel_version?: string
  /** The id of the profile that the kernel answers as, where its name does not tell: one that was built with patches. */
  readonly profile?: string
  readonly steps: readonly Step[]
}

/** The fields of a step that the VM answered; everything else was asked. */
export const answerFields = {
  create_vm: [],
  destroy_vm: [],
  mem_slot: [],
  dirty_log: ['pages'],
  its_write: ['rc', 'readback', 'readback_rc'],
  its_read: ['rc', 'value'],
  its_regs: ['values'],
  redist_write: ['rc'],
  redist_read: ['rc', 'value'],
  mem_write: [],
  mem_zero: [],
  mem_dump: ['nonzero'],
  commands: ['rc', 'creadr', 'cwriter', 'ctlr'],
  its_ctrl_init: ['rc'],
  its_save_tables: ['rc'],
  its_restore_tables: ['rc'],
  its_ctrl_reset: ['rc'],
  gic_ctrl_init: ['rc'],
  gic_save_pending_tables: ['rc'],
  gic_ctrl_attr: ['rc'],
  its_ctrl_attr: ['rc'],
  signal_msi: ['rc'],
  guest_acknowledged: ['intids'],
  raw: ['rc', 'data'],
  note: [],
  timing: [],
  result: [],
} as const satisfies Record<StepOp, readonly string[]>

/** What a subject answered to a step: the step's answer fields, by name. */
export type StepAnswer = Readonly<Record<string, unknown>>

/** The registers that `its_regs` reads. */
export const savedItsRegisters = [
  'GITS_CTLR',
  'GITS_IIDR',
  'GITS_TYPER',
  'GITS_CBASER',
  'GITS_CWRITER',
  'GITS_CREADR',
  'GITS_BASER0',
  'GITS_BASER1',
] as const
