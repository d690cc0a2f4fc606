import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { kernelImage } from '../cache.ts'
import { events } from '../guests/events.ts'
import { live } from '../guests/life.ts'
import { type GuestMachine, machines } from '../guests/machines.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel, parts } from '../guests/parts.ts'
import { askAgain, type Row } from '../guests/row.ts'
import { tableHead, tableRow } from '../guests/table.ts'
import { unfixedKernel } from '../guests/unfixed.ts'

const boot = () => NestedHost.boot(kernelImage(hostKernel))

/** The hosts' kernels: as Debian has it, and one that leaves the entries of what a guest unmapped. */
const hosts: Readonly<Record<string, () => Promise<NestedHost>>> = {
  fixed: boot,
  unfixed: async () => NestedHost.boot(await unfixedKernel(boot)),
}

/**
 * Boots real guests in a real KVM, lets things happen to them, saves each after each, and holds what vits says against what the
 * guest, KVM and a restore say. With --again it asks vits anew about the saves of a run, and boots nothing. Exit code 1 if vits is wrong about any save, or the lab failed.
 */
export async function guests(args: string[]): Promise<number> {
  const options = {
    again: { type: 'boolean' },
    list: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    host: { type: 'string', multiple: true, default: Object.keys(hosts) },
    out: { type: 'string', default: `${parts.folder}saves` },
  } as const
  const { again, list, only, host: chosenHosts, out } = parseArgs({ args, options }).values
  if (list === true) return listMachines()
  for (const name of only ?? [])
    mustBe(
      name,
      machines.map((machine) => machine.name),
    )
  for (const name of chosenHosts) mustBe(name, Object.keys(hosts))
  const chosen = machines.filter(({ name }) => only?.includes(name) ?? true)
  mkdirSync(out, { recursive: true })
  writeFileSync(`${out}/table.md`, tableHead)
  let wrong = 0
  for (const name of chosenHosts) {
    const folder = `${out}/${name}`
    mkdirSync(folder, { recursive: true })
    for await (const row of again === true ? askAgain(folder) : livesOn(name, chosen, folder)) {
      tell(name, row, out)
      if (row.verdict.kind !== 'agrees') wrong++
    }
  }
  return wrong === 0 ? 0 : 1
}

/** Boots a host and lets machines live on it, one after another. */
async function* livesOn(name: string, chosen: readonly GuestMachine[], folder: string): AsyncGenerator<Row> {
  const host = await hosts[name]!()
  try {
    for (const machine of chosen) yield* live({ host, machine, folder })
  } finally {
    host.stop()
  }
}

function tell(host: string, row: Row, out: string): void {
  const line = tableRow(host, row)
  appendFileSync(`${out}/table.md`, line)
  process.stdout.write(line)
}

function mustBe(name: string, known: readonly string[]): void {
  if (!known.includes(name)) throw new Error(`no ${name}: there is ${known.join(', ')}`)
}

function listMachines(): number {
  for (const { name, machine, vcpus, memory, life } of machines) {
    console.log(`${name.padEnd(14)} -M ${machine}, ${vcpus} vCPUs, ${memory}: ${life.join(', ')}`)
  }
  console.log('')
  for (const [name, { says }] of Object.entries(events)) console.log(`${name.padEnd(14)} ${says}`)
  return 0
}
