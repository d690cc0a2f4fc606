import { mkdirSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { kernelImage } from '../cache.ts'
import { NestedHost } from '../guests/nested-host.ts'
import { hostKernel, parts } from '../guests/parts.ts'
import { loseAnInterrupt, type Trial } from '../load/lost-interrupt.ts'
import { loadedMachines } from '../load/machines.ts'

/**
 * Loses an interrupt of a real guest and lets vits find it again. Exit code 0 if the guest hangs without it, vits says so, and the
 * guest goes on once vits has repaired the file.
 */
export async function hang(args: string[]): Promise<number> {
  const { out } = parseArgs({ args, options: { out: { type: 'string', default: `${parts.folder}hang` } } }).values
  mkdirSync(out, { recursive: true })
  const host = await NestedHost.boot(kernelImage(hostKernel))
  try {
    const { event, vcpu, saved, lost, repair, repaired } = await loseAnInterrupt(host, loadedMachines[0]!, out)
    console.log(`Event ${event.eventId} of ${event.function}, LPI ${event.lpi}, is pending on vCPU ${vcpu}.`)
    console.log(`| file | vits check | reads of ${event.function} once restored | of other disks meanwhile |\n|---|---|---|---|`)
    tell('as QEMU saved it', saved)
    tell('without the pending bit', lost)
    if (repaired !== undefined) tell('as `vits repair -y` left that', repaired)
    console.log(repair.wrote ? repair.words.join('\n') : `vits repair -y wrote nothing: ${repair.why}`)
    const proven = saved.reads > 0 && lost.reads === 0 && repaired !== undefined && repaired.reads > 0
    return proven && isFound(lost) && !isFound(saved) && !isFound(repaired) ? 0 : 1
  } finally {
    host.stop()
  }
}

const isFound = ({ said }: Trial) => said.read && said.exit !== 0

function tell(name: string, { said, reads, others }: Trial): void {
  const words = said.read ? [`exit ${said.exit}`, ...said.findings].join(', ') : said.why
  console.log(`| ${name} | ${words} | ${reads} | ${others} |`)
}
