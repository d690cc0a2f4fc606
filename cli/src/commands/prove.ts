import {
  coalesce,
  footprint,
  type GpaRange,
  GuestMemory,
  isProfileId,
  openSavedMachine,
  type ProfileId,
  profiles,
  tableView,
} from '@vits/core'
import { command, flag, text } from '../command.ts'
import { ExitCode } from '../exit-code.ts'
import { UsageError } from '../failure.ts'
import type { Io } from '../io.ts'
import { codecs } from '../node/codecs.ts'
import { type Mapping, mappingsIn, predictRestore, type RestoreOutcome } from '../prove/mappings.ts'
import { restoreSteps, type SavedTables } from '../prove/restore-steps.ts'
import { insideRam, savedRanges } from '../prove/table-ranges.ts'

/** Mappings listed of each kind of difference. */
const LISTED = 8

/** What a real kernel did, beside what was predicted. */
interface Proof {
  readonly kernel: string
  readonly profile: ProfileId
  readonly answered: RestoreOutcome
  readonly predicted: RestoreOutcome
  readonly missing: readonly Mapping[]
  readonly unexpected: readonly Mapping[]
}

export const prove = command({
  name: 'prove',
  args: '<file>',
  summary: 'restore the saved VM in a real KVM and compare with what was predicted',
  details:
    'Boots a Linux kernel for arm64 under QEMU, gives its KVM the registers and the pages a restore reads, and reports what ' +
    'RESTORE_TABLES does there: its errno, or the mappings it restored, read back by saving them into cleared tables. Needs the ' +
    'lab: a clone of the repository, with `npm run lab:setup` done.',
  examples: ['prove web-01.mig', 'prove web-01.mig --kernel 6.1', 'prove web-01.mig --kernel ./vmlinuz --profile linux-7.2'],
  options: {
    kernel: text('--kernel <kernel>', '6.12, 6.1, or a path to an arm64 vmlinuz (default: 6.12)'),
    profile: text('--profile <id>', 'the profile that predicts (default: the one of the kernel)'),
    json: flag('--json', 'print one JSON document'),
  },
  run: async ([file], { kernel = '6.12', profile, json }, io) => {
    const tables = await readTables(file!, io)
    const { release, answered } = await restoreInLab(tables, kernel, io)
    const proof = compare(tables, release, answered, profileFor(profile, release))
    io.out(json ? `${JSON.stringify({ schema: 1, file, ...proof }, null, 2)}\n` : report(file!, proof))
    if (!agrees(proof)) return ExitCode.Failed
    return proof.answered.rc === '0' ? ExitCode.Ok : ExitCode.Problems
  },
})

async function readTables(path: string, io: Io): Promise<SavedTables> {
  const file = await io.open(path)
  try {
    const machine = await openSavedMachine(file, { codecs })
    const memory = machine.memory()
    const needed: GpaRange[] = []
    for (let next = footprint(memory, machine.registers); next.length > 0; next = footprint(memory, machine.registers)) {
      needed.push(...next)
      await machine.load(memory, next)
    }
    const { registers, ranges: ram } = machine
    const tables = savedRanges(memory, tableView(registers))
    return { ram, registers, memory, needed: insideRam(memory, coalesce(needed)), tables }
  } finally {
    await file.close()
  }
}

async function restoreInLab(tables: SavedTables, kernel: string, io: Io): Promise<{ release: string; answered: RestoreOutcome }> {
  const plan = restoreSteps(tables)
  const { release, answers } = await io.lab(kernel, plan.steps)
  const rc = String(answers[plan.restore]?.['rc'])
  if (rc !== '0') return { release, answered: { rc, mappings: [] } }
  const saved = new GuestMemory(tables.ram.map(({ base, bytes }) => ({ base, bytes, backing: 'sparse' })))
  keepFirstLevel(tables, saved)
  for (const [n, index] of plan.dumps.entries())
    fill(saved, tables.tables[n]!, answers[index]!['nonzero'] as Record<string, string>)
  return { release, answered: { rc, mappings: mappingsIn(saved, tableView(tables.registers)) } }
}

/** The first level of an indirect device table is the guest's: a save reads it and never writes it. */
function keepFirstLevel({ registers, memory }: SavedTables, saved: GuestMemory): void {
  const { deviceTable } = tableView(registers)
  if (!deviceTable.valid || !deviceTable.indirect) return
  const [level] = insideRam(memory, [{ base: deviceTable.base as GpaRange['base'], bytes: deviceTable.bytes }])
  if (level !== undefined) saved.write(level.base, memory.read(level.base, level.bytes))
}

function fill(memory: GuestMemory, { base }: GpaRange, nonzero: Readonly<Record<string, string>>): void {
  for (const [offset, digits] of Object.entries(nonzero)) {
    const bytes = Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16))
    memory.write((base + Number(offset)) as GpaRange['base'], bytes)
  }
}

/** The profile that predicts: the one named, or the one whose kernel is of the same series. */
function profileFor(named: string | undefined, release: string): ProfileId {
  const ids = Object.keys(profiles) as ProfileId[]
  const series = release.split('.').slice(0, 2).join('.')
  const id = named ?? ids.findLast((known) => known === `linux-${series}` || known.startsWith(`linux-${series}.`))
  if (id === undefined || !isProfileId(id)) {
    throw new UsageError(`no profile ${named ?? `for Linux ${release}`}: name one of ${ids.join(', ')} with --profile`)
  }
  return id
}

function compare(tables: SavedTables, kernel: string, answered: RestoreOutcome, profile: ProfileId): Proof {
  const predicted = predictRestore(tables.memory, tableView(tables.registers), profiles[profile].quirks)
  const [real, model] = [new Set(answered.mappings), new Set(predicted.mappings)]
  const missing = predicted.mappings.filter((mapping) => !real.has(mapping))
  const unexpected = answered.mappings.filter((mapping) => !model.has(mapping))
  return { kernel, profile, answered, predicted, missing, unexpected }
}

const agrees = ({ answered, predicted, missing, unexpected }: Proof) =>
  answered.rc === predicted.rc && missing.length === 0 && unexpected.length === 0

function report(file: string, proof: Proof): string {
  const { kernel, profile, answered, predicted, missing, unexpected } = proof
  const lines = [
    `${file}`,
    `  ${`Linux ${kernel}`.padEnd(28)}${outcomeLine(answered)}`,
    `  ${`predicted (${profile})`.padEnd(28)}${outcomeLine(predicted)}`,
    ...listed('predicted, but not restored', missing),
    ...listed('restored, but not predicted', unexpected),
    agrees(proof) ? 'As predicted.' : 'Not as predicted.',
  ]
  return `${lines.join('\n')}\n`
}

function outcomeLine({ rc, mappings }: RestoreOutcome): string {
  if (rc !== '0') return `RESTORE_TABLES fails: ${rc}`
  const count = (start: RegExp) => mappings.filter((line) => start.test(line)).length
  return `restores ${count(/^ICID/)} collections, ${count(/ITT/)} devices, ${count(/EventID 0x/)} events`
}

function listed(what: string, mappings: readonly Mapping[]): string[] {
  const shown = mappings.slice(0, LISTED).map((mapping) => `    ${mapping}`)
  const rest = mappings.length > LISTED ? [`    and ${mappings.length - LISTED} more`] : []
  return mappings.length === 0 ? [] : [`  ${what}:`, ...shown, ...rest]
}
