import { type ProfileId, profileNear } from '@vits/core/abi'
import { setScene, viewFrom } from '@vits/core/audit'
import { planRestore, ramByLayout, restoredState } from '@vits/core/conformance'
import { type ProveDocument, proveDocument } from '@vits/core/documents'
import { command, flag, text } from '../command.ts'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { type Loaded, withSavedMachine } from '../load.ts'
import { profileNamed } from '../profile-named.ts'
import type { Lab } from '../prove/lab-program.ts'
import { type Mapping, outcomeLine, type RestoreOutcome, without } from '../prove/mappings.ts'

/** Mappings listed of each kind of difference. */
const LISTED = 8

/** What a real kernel did, beside what `vits check` predicts. */
interface Proof {
  /** The kernel's stable release: `6.12.117`. */
  readonly kernel: string
  readonly profile: ProfileId
  readonly answered: RestoreOutcome
  readonly predicted: RestoreOutcome
}

/** Asks a real KVM what a restore of saved VMs does. Never writes. */
export const prove = command({
  name: 'prove',
  args: '<file...>',
  summary: 'restore a saved VM in a real KVM and compare with what check predicts',
  details:
    'Boots a Linux kernel for arm64 under QEMU, gives its KVM the registers and the pages a restore reads, and reports what\nRESTORE_TABLES does there: its errno, or the mappings it restored, read back by saving them into cleared tables. Of several ITSes the first.\nThe VM there has the RAM that the file lists, where the machine has it, whatever check makes of it.\nNeeds the lab: a clone of the repository, and `npm run lab:setup`.',
  examples: ['prove vm.migr', 'prove --kernel 6.1 vm.migr', 'prove --kernel ./vmlinuz --profile linux-7.2 vm.migr'],
  options: {
    kernel: text('--kernel <kernel>', '6.12, 6.1, or a path to an arm64 vmlinuz (6.12 when not named)'),
    profile: text('--profile <profile>', 'the kernel that check predicts for (the one nearest to the kernel when not named)'),
    json: flag('--json', 'print one JSON document for each file, one a line when there are several'),
  },
  run: async (files, { kernel = '6.12', profile, json }, io) => {
    const named = profile === undefined ? undefined : profileNamed(profile).id
    const lab = new LazyLab(kernel, io)
    let bits: ExitBits = ExitCode.Ok
    for (const file of files) {
      bits |= await failing(file, io, () =>
        withSavedMachine(file, io, { judges: [] }, async (loaded) => {
          const proof = await proveOne(loaded, await lab.boot(), named)
          if (json) io.out(`${JSON.stringify(documentOf(file, proof), null, files.length > 1 ? 0 : 2)}\n`)
          else io.out(proofText(file, proof, io))
          if (!agrees(proof)) return ExitCode.Failed
          return proof.answered.rc === '0' ? ExitCode.Ok : ExitCode.Problems
        }),
      )
    }
    await lab.close()
    return bits
  },
})

/** One kernel for all files, booted when the first of them has been read. */
class LazyLab {
  readonly #kernel: string
  readonly #io: Io
  #lab: Promise<Lab> | undefined

  constructor(kernel: string, io: Io) {
    this.#kernel = kernel
    this.#io = io
  }

  boot(): Promise<Lab> {
    this.#lab ??= this.#io.lab(this.#kernel)
    return this.#lab
  }

  async close(): Promise<void> {
    const lab = await this.#lab?.catch(() => undefined)
    lab?.close()
  }
}

async function proveOne({ machine, inspection }: Loaded, lab: Lab, named: ProfileId | undefined): Promise<Proof> {
  const { memory, ranges } = inspection.loaded
  const { registers } = machine
  const ram = machine.blocks.length === 0 ? machine.ranges : ramByLayout(machine.blocks, memory, registers)
  const plan = planRestore({ ram, registers, memory, needed: ranges })
  const restored = restoredState(plan, await lab.play(plan.steps))
  const { release } = lab
  const profile = named ?? profileNear(release)
  if (profile === undefined) throw new UsageError(`no profile is near Linux ${release}: name one with --profile`)
  const predicting = inspection.restoredBy(profile)
  return {
    kernel: release,
    profile,
    answered: { rc: restored.rc, view: viewFrom(setScene({ memory: restored.memory, registers }), 'tables') },
    predicted: { rc: predicting.audit()[0]!.errno ?? '0', view: predicting.view('restored') },
  }
}

const lost = ({ answered, predicted }: Proof) => without(predicted.view, answered.view)
const unexpected = ({ answered, predicted }: Proof) => without(answered.view, predicted.view)

const agrees = (proof: Proof) =>
  proof.answered.rc === proof.predicted.rc && lost(proof).length === 0 && unexpected(proof).length === 0

function documentOf(file: string, proof: Proof): ProveDocument {
  return proveDocument({ ...proof, file, agrees: agrees(proof), lost: lost(proof), unexpected: unexpected(proof) })
}

function proofText(file: string, proof: Proof, { style }: Io): string {
  const { kernel, profile, answered, predicted } = proof
  const lines = [
    style.bold(file),
    `  ${`Linux ${kernel}`.padEnd(28)}${outcomeLine(answered)}`,
    `  ${`check (${profile})`.padEnd(28)}${outcomeLine(predicted)}`,
    ...listed('predicted, but not restored', lost(proof)),
    ...listed('restored, but not predicted', unexpected(proof)),
    agrees(proof) ? '  as predicted' : '  NOT as predicted',
  ]
  return `${lines.join('\n')}\n`
}

function listed(what: string, mappings: readonly Mapping[]): string[] {
  const shown = mappings.slice(0, LISTED).map((mapping) => `    ${mapping}`)
  const rest = mappings.length > LISTED ? [`    and ${mappings.length - LISTED} more`] : []
  return mappings.length === 0 ? [] : [`  ${what}:`, ...shown, ...rest]
}
