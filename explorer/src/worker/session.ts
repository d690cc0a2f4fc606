import type { SavedMachine } from '@vits/core'
import { NEWEST, type ProfileId } from '@vits/core/abi'
import { audit, type KernelRow, type Report, type Scene, scenesOver, scenesReopened } from '@vits/core/audit'
import { applyEdits, type MachineFile, type OpenOptions, writeCase } from '@vits/core/formats'
import { type Inspection, inspect } from '@vits/core/inspect'
import { wholePages } from '@vits/core/tables'
import {
  type Chain,
  chainOf,
  type DeviceRows,
  deviceRows,
  factsOf,
  fileFacts,
  type GuestMoment,
  guestAfter,
  type KernelChip,
  kernelChips,
  planFacts,
  type Row,
  reasonsOf,
  type Trap,
  timelineOf,
  trapOf,
} from '../scene/index.ts'
import { readAhead } from './blob-source.ts'
import type { Drawing, Given, Judgement, NamedBlob, Opened, PlanAnswer, Shown } from './messages.ts'
import {
  changesOf,
  findingWords,
  judgedFor,
  kernelLines,
  plainStyle,
  repairCommand,
  reportText,
  unwritable,
  unwrittenWords,
} from './words.ts'

type Plan = ReturnType<Inspection['plan']>

/** Opens the files of a saved VM. */
export type OpenMachine = (files: readonly MachineFile[], options: OpenOptions) => Promise<SavedMachine>

/** What a session needs beside the files. */
export interface Opening {
  readonly open: OpenMachine
  readonly kernel: ProfileId | undefined
  progress(says: string): void
}

/** A saved VM that is open in the page. Everything is worked out when it is first asked for. */
export class Session {
  readonly #given: Given
  readonly #inspection: Inspection
  #kernels: readonly KernelRow[] | undefined
  #plan: Plan | undefined
  readonly #scenes = new Map<string, readonly Scene[]>()
  readonly #rows = new WeakMap<Scene, DeviceRows>()

  private constructor(given: Given, inspection: Inspection) {
    this.#given = given
    this.#inspection = inspection
  }

  static async open(given: Given, { open, kernel = NEWEST, progress }: Opening): Promise<Session> {
    const files = given.files.map(({ name, blob }) => ({ name, source: readAhead(blob) }))
    let said = ''
    // Whoever reads tells of every piece; the page is told when there is something new to say.
    const percent = (what: string) => (done: number, total: number) => {
      const says = `${what}, ${Math.floor((100 * done) / total)} %`
      if (says !== said) progress(says)
      said = says
    }
    const machine = await open(files, { progress: percent('reading') })
    const searching = percent('searching RAM for the guest kernel’s list')
    return new Session(given, await inspect(machine, { kernel, progress: searching }))
  }

  get opened(): Opened {
    const { machine, kernel } = this.#inspection
    return { file: fileFacts(this.#given.name, machine), kernel }
  }

  /** The scenes of all ITSes as they were saved, or as the repair leaves them. */
  scenes({ kernel, isAfter }: Pick<Shown, 'kernel' | 'isAfter'>): readonly Scene[] {
    const key = `${kernel} ${isAfter}`
    const known = this.#scenes.get(key)
    if (known !== undefined) return known
    const isOpened = kernel === this.#inspection.kernel
    const saved = isOpened ? this.#inspection.scenes : this.#inspection.restoredBy(kernel).scenes
    const scenes = isAfter ? this.#repaired(saved) : saved
    this.#scenes.set(key, scenes)
    return scenes
  }

  #repaired(saved: readonly Scene[]): readonly Scene[] {
    const { memory, writes, registers } = this.plan
    return scenesReopened(
      scenesOver(
        saved,
        memory,
        writes.map(({ at }) => at),
        registers,
      ),
    )
  }

  get plan(): Plan {
    this.#plan ??= this.#inspection.plan()
    return this.#plan
  }

  /** The rows need no audit. */
  drawing(shown: Shown): Drawing {
    const scene = this.scenes(shown)[shown.its]!
    const { rows, events, pages } = this.#rowsOf(scene, shown)
    return { rowCount: rows.length, events, pages, timeline: timelineOf(scene) }
  }

  judgement(shown: Shown): Judgement {
    const reports = this.scenes(shown).map(audit)
    const known = shown.isAfter ? this.#plan?.kernels.map(({ after }) => after) : this.#kernels
    return { facts: factsOf(reports, known ?? [], shown.isAfter), reasons: reasonsOf(reports, findingWords) }
  }

  rows(shown: Shown, from: number, to: number): readonly Row[] {
    return this.#rowsOf(this.scenes(shown)[shown.its]!, shown).rows.slice(from, to)
  }

  #rowsOf(scene: Scene, { isAfter }: Shown): DeviceRows {
    const rows = this.#rows.get(scene) ?? deviceRows(scene, isAfter ? this.plan.writes : [])
    this.#rows.set(scene, rows)
    return rows
  }

  chain(shown: Shown, deviceId: number, eventId: number | undefined): Chain {
    return chainOf(this.scenes(shown)[shown.its]!, deviceId, eventId)
  }

  moment(shown: Shown, after: number): GuestMoment {
    return guestAfter(this.scenes(shown)[shown.its]!, after)
  }

  get kernelRows(): readonly KernelRow[] {
    this.#kernels ??= this.#inspection.judge()
    return this.#kernels
  }

  get kernelChips(): readonly KernelChip[] {
    return kernelChips(this.kernelRows)
  }

  get planAnswer(): PlanAnswer {
    const { writeBack, files, origin } = this.#inspection.machine
    const isRepair = this.plan.obstacles.length === 0 && changesOf(this.plan) > 0
    const isAlone = files.length === 1 && origin.vmm === 'qemu'
    return {
      ...planFacts(this.plan),
      unwritten: writeBack.to === 'nowhere' ? `${unwritable[writeBack.because]}.` : unwrittenWords(this.plan),
      command: isRepair && isAlone && writeBack.to !== 'nowhere' ? repairCommand(this.#given.name).join(' ') : '',
    }
  }

  trap(shown: Shown): Trap | undefined {
    return trapOf(this.scenes(shown))
  }

  /** What `vits check` prints of it, restored by `kernel`. */
  text(kernel: ProfileId): string {
    const reports: readonly Report[] = this.scenes({ kernel, isAfter: false }).map(audit)
    const kernels = this.kernelRows
    const found = { file: this.#given.name, machine: this.#inspection.machine, reports, kernels }
    const others = kernelLines(kernels, kernel, false, plainStyle)
    return reportText(found, { kernels: others, rules: false, byHang: false, judged: judgedFor(kernel) }, plainStyle)
  }

  /** The same case as `vits extract` writes. */
  async caseFile(): Promise<Blob> {
    const { machine, loaded } = this.#inspection
    const read = loaded.guestKernel?.read ?? []
    const pages = wholePages(loaded.memory, [...loaded.ranges, ...read])
    const bytes = await writeCase(machine, loaded.memory, pages)
    const packed = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('gzip'))
    return new Response(packed).blob()
  }

  /** The repaired files, with the same bytes as `vits repair -o` writes. */
  async repaired(): Promise<readonly NamedBlob[]> {
    const { plan } = this
    const { machine } = this.#inspection
    refuse(machine, plan)
    const changes = await this.#inspection.edits(plan)
    const copies: NamedBlob[] = []
    for (const file of machine.files) {
      const edits = changes.find((change) => change.file.name === file.name)?.edits ?? []
      const parts: Blob[] = []
      for await (const piece of applyEdits(file.source, edits)) parts.push(new Blob([piece as BlobPart]))
      copies.push({ name: file.name, blob: new Blob(parts) })
    }
    return copies
  }
}

function refuse({ writeBack }: SavedMachine, plan: Plan): void {
  if (writeBack.to === 'nowhere') throw new Error(unwritable[writeBack.because])
  if (changesOf(plan) === 0) throw new Error(unwrittenWords(plan))
  if (plan.obstacles.length > 0) throw new Error(`The result is not proven good and is not written: ${plan.obstacles[0]!.says}`)
}
