import { type ProfileId, profileOfKernel, profiles } from '@vits/core/abi'
import { setScene, viewFrom } from '@vits/core/audit'
import { planRestore, ramByLayout, restoredStates } from '@vits/core/conformance'
import { proveDocument } from '@vits/core/documents'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { failing, UsageError } from '../failure.ts'
import { type Loaded, withSavedMachine } from '../files/load.ts'
import type { Io } from '../io.ts'
import { otherFiles } from '../options/files.ts'
import { profileNearest } from '../options/profile-named.ts'
import { jsonText } from '../printable.ts'
import type { Lab } from '../prove/lab-program.ts'
import { compared, type Proof } from '../prove/proof.ts'
import { knownScope, proveScopes } from '../prove/scopes.ts'
import { fit } from '../render/layout.ts'
import { proofText } from '../render/proof-text.ts'
import type { prove } from '../usage/prove.ts'
import type { Run } from '../usage.ts'

/** Asks a real KVM what a restore of saved VMs does, or goes through every history of small ones. Writes nothing but a case that is asked for. */
export const run: Run<typeof prove> = async (files, { scope, depth, within, jobs, output, force, ...asked }, io) => {
  if (scope.length === 0 && output !== undefined) throw new UsageError('-o writes what --scope finds: name a scope')
  if (scope.length === 0 && files.length > 0) return proveFiles(files, asked, io)
  if (scope.length === 0) throw new UsageError('name a saved VM, or with --scope what is to be gone through')
  if (files.length > 0)
    throw new UsageError('a file is restored in a real KVM, and a scope gone through in none: name one of both')
  const { json } = asked
  return proveScopes(
    scope.map(knownScope),
    { depth, within, jobs, json, ...(output !== undefined && { output: { path: output, force } }) },
    io,
  )
}

type Asked = Omit<Parameters<Run<typeof prove>>[1], 'scope' | 'depth' | 'within' | 'jobs' | 'output' | 'force'>

async function proveFiles(
  files: readonly string[],
  { kernel = '6.12', profile, json, ...more }: Asked,
  io: Io,
): Promise<ExitBits> {
  const named = profile === undefined ? undefined : profileNearest(profile, io).id
  const others = otherFiles(more, files)
  const lab = new LazyLab(kernel, io)
  let bits: ExitBits = ExitCode.Ok
  for (const file of files) {
    bits |= await failing(file, io, () =>
      withSavedMachine(file, io, { others, judges: [] }, async (loaded) => {
        io.progress?.('booting the kernel')
        const booted = await lab.boot()
        io.progress?.('restoring it there')
        const proof = { file, ...(await proveOne(loaded, booted, named)) }
        io.progress?.('')
        if (json) io.out(jsonText(proveDocument(proof), files.length > 1 ? 0 : 2))
        else io.out(fit(proofText(proof, io.style), io.style))
        if (!proof.itses.every(({ agrees }) => agrees)) return ExitCode.Failed
        return proof.itses.every(({ answered }) => answered.rc === '0') ? ExitCode.Ok : ExitCode.Problems
      }),
    )
  }
  await lab.close()
  return bits
}

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
  const isVirt = machine.origin.vmm === 'qemu' && machine.blocks.length > 0
  const ram = isVirt ? ramByLayout(machine.blocks, memory, registers) : machine.ranges
  const plan = planRestore({ ram, registers, memory, needed: ranges })
  const restored = restoredStates(plan, await lab.play(plan.steps))
  const { release } = lab
  const profile = named ?? profileOfKernel(release)?.profile
  if (profile === undefined) throw new UsageError(`no profile is near Linux ${release}: name one with --profile`)
  const predicting = inspection.restoredBy(profile)
  const itses = predicting.audit().map(({ its, errno }, n) => {
    const { call, rc, memory } = restored[n]!
    const answered = { call, rc, view: viewFrom(setScene({ memory, registers, its: n }), 'tables') }
    // What a failed restore leaves behind is not foretold: no VM starts with it.
    const onlyErrno = profiles[profile].quirks['failed-restore-keeps-state']
    return compared(its, answered, { rc: errno ?? '0', view: predicting.view('restored', n) }, { onlyErrno })
  })
  return { kernel: release, profile, itses }
}
