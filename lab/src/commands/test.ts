import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'
import { isProfileId, type ProfileId, profiles } from '@vits/core/abi'
import { Agent, NotBooted } from '../agent.ts'
import { kernelImage } from '../cache.ts'
import { AGENT, INITRAMFS } from '../folders.ts'
import { askKernel } from '../fuzz/ask-kernel.ts'
import { stepsOf } from '../fuzz/case-steps.ts'
import { turnedOver } from '../fuzz/explain.ts'
import { wholeNumber } from '../fuzz/options.ts'
import { handwritten } from '../fuzz/questions.ts'
import { caseOf } from '../fuzz/side-by-side.ts'
import { missingOptions, optionLines } from '../kernels/config.ts'
import { NotAKernel, readKernelImage } from '../kernels/image.ts'
import { KvmSubject } from '../kvm-subject.ts'
import type { MachineOptions } from '../machine.ts'
import { complaints, endOf } from '../tested/complaints.ts'
import { kernelAnswers } from '../tested/kernel-answers.ts'
import type { Part } from '../tested/part.ts'
import { headedSaves, orders, part, sealedSaves } from '../tested/parts.ts'
import { ANSWERS, type KernelReport, partText, tapText, verdictText } from '../tested/report.ts'

const SEALED = 60
const HEADED = 30

/** Shown by `npm run lab -- test --help`. */
export const testHelp =
  () => `Asks a kernel everything that tells one KVM from another, and says "answers as PROFILE", or what differs:
the shortest history that was found, what was expected and what came, and the functions in which such things are decided.

  --kernel IMAGE    arch/arm64/boot/Image, as it is or packed (Image.gz, EFI zboot of gzip, zstd or xz), or a kernel of the lab: 6.12
  --host            instead: the KVM of this machine, an arm64 host with /dev/kvm and a GICv3, without QEMU. It is asked what may stop a
                    kernel that has faults, so have it ready for that; a save that is known to stop some is left out
  --initrd FILE     an initramfs that is unpacked before the agent's, which stays /init
  --profile ID      what it is expected to answer as; without, the nearest of all. vits kernels lists them
  --cases N         random histories, 300 unless said; --seed S, the first of them
  --append WORDS    further words for the kernel's command line, as kvm-arm.mode=nvhe
  --cpu NAME        QEMU's -cpu: neoverse-n1 (KVM in VHE mode), cortex-a57 (nVHE)
  --json, --tap     one JSON document, or TAP version 14

Exit status: 0 answers as the profile, 1 it does not, 2 it could not be asked.

What it needs of the kernel (with CONFIG_IKCONFIG this is looked up in the image):

${optionLines().join('\n')}
`

/** What could not be asked, and why; with the end of the kernel's console, where there is one. */
class NotAsked extends Error {
  override readonly name = 'NotAsked'
}

/** Asks a developer's kernel, and says whether it answers as a profile. */
export async function test(args: string[]): Promise<number> {
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: {
      kernel: text,
      initrd: text,
      profile: text,
      append: text,
      cpu: text,
      cases: { ...text, default: '300' },
      seed: { ...text, default: '1' },
      host: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      tap: { type: 'boolean', default: false },
    },
  })
  const [cases, seed] = [wholeNumber('--cases', values.cases), wholeNumber('--seed', values.seed)]
  const { kernel, host, profile, initrd, append, cpu, json, tap } = values
  const say = json || tap ? () => {} : (line: string) => console.log(line)
  const folder = mkdtempSync(`${tmpdir()}/vits-kernel-`)
  try {
    if ((kernel === undefined) !== host)
      throw new NotAsked('name the kernel: --kernel arch/arm64/boot/Image, or --host (test --help says more)')
    if (profile !== undefined && !isProfileId(profile)) {
      throw new NotAsked(`no profile ${profile}: there is ${Object.keys(profiles).join(', ')}`)
    }
    const machine = kernel === undefined ? here() : { kernel: await imageOf(kernel, folder, say), console: true }
    const options: MachineOptions = {
      ...machine,
      ...(initrd !== undefined && { initrd: withAgent(initrd, folder) }),
      ...(append !== undefined && { words: append }),
      ...(cpu !== undefined && { cpu }),
    }
    const report = await asked(options, { profile, cases, seed }, say)
    if (json) console.log(JSON.stringify(report, null, 2))
    else if (tap) console.log(tapText(report))
    else console.log(verdictText(report))
    return report.same ? 0 : 1
  } catch (error) {
    const why = refusal(error)
    if (why === undefined) throw error
    if (json) console.log(JSON.stringify({ error: why }))
    else if (tap) console.log(`TAP version 14\nBail out! ${why.split('\n')[0]}`)
    else process.stderr.write(`${why}\n`)
    return 2
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Why a kernel could not be asked, with the end of its console. */
function refusal(error: unknown): string | undefined {
  if (error instanceof NotBooted) {
    const config = /no KVM|does not boot|ended/.test(error.message) ? `\n\nWhat it needs:\n${optionLines().join('\n')}` : ''
    return `${error.message}\n\nThe end of its console:\n${endOf(error.console)}${config}`
  }
  return error instanceof NotAKernel || error instanceof NotAsked ? error.message : undefined
}

/** This machine, if it is an arm64 host with KVM. @throws NotAsked */
function here(): MachineOptions {
  if (process.arch !== 'arm64') throw new NotAsked(`--host asks the KVM of an arm64 host, and this machine is ${process.arch}`)
  if (!existsSync('/dev/kvm')) throw new NotAsked('this machine has no /dev/kvm')
  if (!existsSync(AGENT)) throw new NotAsked('the lab is not set up: run `npm run lab:setup` (Debian, as root)')
  return { kernel: 'this machine', host: AGENT }
}

/** The image, unpacked, once its configuration has what is needed. */
async function imageOf(kernel: string, folder: string, say: (line: string) => void): Promise<string> {
  const named = /^\d+\.\d+[\w.-]*$/.test(kernel) ? kernelImage(kernel) : kernel
  const { path, config } = await readKernelImage(named, folder)
  if (config === undefined) return path
  const { needed, spare } = missingOptions(config)
  if (needed.length > 0) throw new NotAsked(`this kernel is built without ${needed.join(', ')}\n\n${optionLines().join('\n')}`)
  if (spare.length > 0) say(`it is built without ${spare.join(', ')}: less may be told of it`)
  return path
}

/** Both archives as the kernel unpacks them, one over the other; between them are zeros up to the next word. */
function withAgent(initrd: string, folder: string): string {
  const first = readFileSync(initrd)
  const path = `${folder}/initrd`
  writeFileSync(path, Buffer.concat([first, Buffer.alloc((4 - (first.length % 4)) % 4), readFileSync(INITRAMFS)]))
  return path
}

interface Questions {
  readonly profile: ProfileId | undefined
  readonly cases: number
  readonly seed: number
  /** It is the host that this program runs on. */
  readonly isOurs: boolean
}

async function asked(
  options: MachineOptions,
  questions: Omit<Questions, 'isOurs'>,
  say: (line: string) => void,
): Promise<KernelReport> {
  const start = performance.now()
  const machines: { stop(): Promise<void> }[] = []
  try {
    const first = await KvmSubject.boot(options)
    machines.push(first)
    const { release, kernel: name, kernelVersion: build } = first.host
    say(`Linux ${release} (${name}, ${build}), booted in ${((performance.now() - start) / 1000).toFixed(1)} s`)
    await hasIts(first)
    const [second, agent] = await Promise.all([KvmSubject.boot(options), Agent.boot(options)])
    machines.push(second, agent)
    const { answers, parts } = await allParts([first, second], agent, { ...questions, isOurs: options.host !== undefined }, say)
    const { profile, quirks } = answers.explanation
    const turned = turnedOver(answers.explanation).map((quirk) => `${quirks[quirk] ? 'with' : 'without'} ${quirk}`)
    const same = parts.every(({ differences }) => differences.length === 0)
    const seconds = (performance.now() - start) / 1000
    const unexplained = answers.explanation.unexplained.length
    return { kernel: { release, name, build }, profile, turned, unexplained, same, parts, unknown: answers.silent, seconds }
  } finally {
    await Promise.all(machines.map((machine) => machine.stop()))
  }
}

/** @throws NotAsked */
async function hasIts(kvm: KvmSubject): Promise<void> {
  const vm = { op: 'create_vm', vcpus: 1, ram: [{ base: '0x40000000', size: '0x100000' }], gic_init: true } as const
  try {
    await kvm.play({ ...vm, its_base: '0x8080000' })
    await kvm.clear()
  } catch (error) {
    throw new NotAsked(`its KVM makes no VM with a GICv3 and an ITS: ${(error as Error).message}

The end of its console:
${endOf(kvm.bootConsole)}`)
  }
}

async function allParts(
  kvms: readonly KvmSubject[],
  agent: Agent,
  { profile, cases, seed, isOurs }: Questions,
  say: (line: string) => void,
) {
  const scenarios = handwritten().map(({ steps }) => steps)
  const histories = [...scenarios, ...Array.from({ length: cases }, (_, n) => stepsOf(caseOf(seed + n)))]
  const parts: Part[] = []
  const keep = (done: Part) => {
    parts.push(done)
    say(partText(done))
  }
  const start = performance.now()
  // Orders are mostly waited for.
  const [inOrder, asked] = await Promise.all([
    part('orders', 'saves and restores, in order and not', () => orders(agent)),
    askKernel(kvms, histories, isOurs),
  ])
  const answers = await kernelAnswers(kvms[0]!, asked, profile)
  const { explanation, differences, untold } = answers
  const seconds = (performance.now() - start) / 1000
  keep({ name: ANSWERS, asked: `${scenarios.length} scenarios, ${cases} random histories`, seconds, differences, untold })
  keep(inOrder)
  const as = explanation.profile
  keep(await part('sealed saves', `${SEALED} random histories`, () => sealedSaves(kvms, as, seed, SEALED)))
  keep(await part('dummy heads', `${HEADED} random histories`, () => headedSaves(kvms, as, seed, HEADED)))
  const said = [...kvms, agent].map((machine) => machine.console).join('\n')
  keep(await part('console', 'complaints of the kernel', async () => complaints(said)))
  return { answers, parts }
}
