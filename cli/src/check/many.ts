import type { CheckedDocument } from '@vits/core/documents'
import { type ExitBits, ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import { type Io, STDIN } from '../io.ts'
import type { Job } from '../job.ts'
import { unfinished } from '../node/unfinished.ts'
import { otherFiles } from '../options/files.ts'
import type { Turn } from '../turns.ts'
import type { check } from '../usage/check.ts'
import type { Run as RunOf } from '../usage.ts'
import { type Answering, decidingOptions } from './answer.ts'
import { type Checking, documentOf } from './check-files.ts'
import type { CheckFormat } from './formats.ts'
import { manifestOf } from './manifest.ts'
import type { Answer, Printer } from './printer.ts'
import { printers } from './printers.ts'
import { Answers } from './resume.ts'
import { isIn, shardOf } from './shard.ts'
import { type Target, type Targets, targetsOf } from './targets.ts'

type Options = Parameters<RunOf<typeof check>>[1]

/** Checks the saved VMs that a command line names, however many there are, and prints their answers in their order. */
export async function checkMany(job: Job, { ask, version }: Checking, io: Io): Promise<ExitBits> {
  const options = job.options as unknown as Options
  const { targets, passedOver } = await chosen(job.words, options, io)
  const files = targets.map(({ file }) => file)
  refuseOneVms(files, options)
  const format = formatOf(targets, options)
  const run = { files, passedOver, version, verbose: options.verbose, style: io.style }
  const answers = options.resume === undefined ? undefined : await resumed(options.resume, { version, options, files }, io)
  try {
    const answer: Answering = {
      version,
      report: format === 'text' || (options.verbose && (format === 'table' || format === 'markdown')),
      document: true,
      beside: targets.filter(({ file }) => answers?.has(file) !== true).map(({ beside }) => beside),
    }
    const sequence = new Sequence(files, { printer: printers[format](run), answers, showsErrors: format !== 'table', io })
    const asked = files.filter((file) => answers?.has(file) !== true)
    const hear = (turn: Turn) => sequence.hear(turn, documentOf(turn, job, version))
    const work = { command: job.command, words: asked, options: { ...options, answer } }
    const bits = asked.length === 0 ? ExitCode.Ok : await ask({ job: work, files: asked, jobs: options.jobs, hear })
    return (bits & ExitCode.Usage) === 0 ? bits | sequence.end() : bits
  } finally {
    await answers?.close()
  }
}

/** What is named on the command line and in the list, without what belongs to other shards. */
async function chosen(words: readonly string[], options: Options, io: Io): Promise<Targets> {
  const { manifest, null: isNul, shard, resume, mem, registers, base } = options
  if (words.length === 0 && manifest === undefined)
    throw new UsageError('name a file, a folder or a pattern in quotes, or a list of files with --manifest')
  if (manifest === STDIN && words.includes(STDIN)) throw new UsageError('standard input is the list of files, or one of them')
  const listed = manifest === undefined ? [] : await manifestOf(manifest, isNul, io)
  const apart = [mem, registers, manifest, resume, ...base].filter((path) => path !== undefined)
  const all = await targetsOf(words, listed, { apart, io })
  if (shard === undefined) return all
  const part = shardOf(shard, process.env)
  return { ...all, targets: all.targets.filter(({ file }) => isIn(part, file)) }
}

function refuseOneVms(files: readonly string[], options: Options): void {
  otherFiles(options, files)
  if (files.length > 1 && options.vgicItsState.length > 0) throw new UsageError('--vgic-its-state tells of one VM: name one')
}

/** One VM has its report, and what may be many has a table, also where it is none or one today. */
function formatOf({ length }: readonly Target[], { format, json, manifest, shard, resume }: Options): CheckFormat {
  if (json && format !== undefined) throw new UsageError('--json and --format exclude each other')
  const isOne = length === 1 && manifest === undefined && shard === undefined && resume === undefined
  if (json) return isOne ? 'json' : 'jsonl'
  return format ?? (isOne ? 'text' : 'table')
}

interface Resuming {
  readonly version: string
  readonly options: Options
  readonly files: readonly string[]
}

interface Resumed extends Pick<Answers, 'has' | 'exit' | 'read' | 'add'> {
  close(): Promise<void>
}

/** Opens the answers of an earlier run, which are this run's alone until it ends. */
async function resumed(path: string, { version, options, files }: Resuming, io: Io): Promise<Resumed> {
  const unlock = await io.disk.lock([path])
  // The lock is no thread's, and goes when a signal ends the threads.
  const clear = () => unfinished.remove()
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  for (const signal of signals) process.prependListener(signal, clear)
  const close = async () => {
    for (const signal of signals) process.off(signal, clear)
    await unlock()
  }
  try {
    const answers = await Answers.open(path, { version, options: decidingOptions(options, io), files }, io)
    return {
      has: (file) => answers.has(file),
      exit: (file) => answers.exit(file),
      read: (file) => answers.read(file),
      add: (document) => answers.add(document),
      close: async () => {
        answers.close()
        await close()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

interface Printing {
  readonly printer: Printer
  readonly answers: Resumed | undefined
  /** What failed is said on stderr too: the table has it. */
  readonly showsErrors: boolean
  readonly io: Io
}

/** Answers in the order of the files: new ones as they come, and those of an earlier run in their places. */
class Sequence {
  readonly #files: readonly string[]
  readonly #printing: Printing
  #next = 0
  #bits: ExitBits = ExitCode.Ok

  constructor(files: readonly string[], printing: Printing) {
    this.#files = files
    this.#printing = printing
  }

  hear({ err, out }: Turn, document: CheckedDocument): void {
    const { answers, showsErrors, io } = this.#printing
    this.#earlier()
    this.#next++
    answers?.add(document)
    if (showsErrors) io.err(err)
    this.#print({ document, report: out })
  }

  end(): ExitBits {
    this.#earlier()
    this.#printing.io.out(this.#printing.printer.end())
    return this.#bits
  }

  /** Those before the next one that was asked. */
  #earlier(): void {
    const { answers } = this.#printing
    for (let file = this.#files[this.#next]; file !== undefined && answers?.has(file); file = this.#files[this.#next]) {
      this.#next++
      this.#bits |= answers.exit(file)
      this.#print({ document: answers.read(file), report: '' })
    }
  }

  #print(answer: Answer): void {
    this.#printing.io.out(this.#printing.printer.answer(answer))
  }
}
