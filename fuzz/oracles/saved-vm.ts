import { bytesSource, type Inspection, type InspectOptions, inspect, open, type RepairOptions, type Report } from '@vits/core'
import { profileIds } from '@vits/core/abi'
import type { ByteSource, MachineFile, OpenOptions } from '@vits/core/formats'
import type { Random } from '../random.ts'
import { type Ask, Broken, type Outcome } from '../target.ts'
import { askCheck } from './documents.ts'
import { askProgram } from './program.ts'
import { refusedWithPlace } from './refusal.ts'
import { askRepair } from './repair.ts'

const allowances: readonly RepairOptions[] = [
  { allow: 'proven' },
  { allow: 'proven', strict: true },
  { allow: 'everything' },
  { allow: 'everything', strict: true, seal: true },
  { allow: 'everything', rebuild: true },
  { allow: new Set(['D203', 'D207', 'I303', 'I305', 'R107'] as const) },
]

/** Opens a file as a saved VM, audits it, and asks one of the questions that the program asks: every answer must be whole. */
export const askSavedVm: Ask = async (file, random) => {
  return asked(file, options(random), random)
}

/** The same where the list of the guest's kernel is always looked for. */
export const askGuestKernel: Ask = async (file, random) => {
  return asked(file, { ...options(random), guestKernel: random.pick(['needed', 'always']) }, random)
}

/** The same where it is the file that matters and not what the guest did: most of what can be opened is audited only. */
export const askFile: Ask = async (file, random) => {
  if (random.once(8)) return asked(file, options(random), random)
  return audited(await opened(bytesSource(file), { judges: [], guestKernel: 'never' }))
}

/** The same of a VM that is in several files. */
export async function askFiles(files: readonly MachineFile[], how: OpenOptions, random: Random): Promise<Outcome> {
  const isWhole = random.once(8)
  const asking: InspectOptions = isWhole ? options(random) : { judges: [], guestKernel: 'never' }
  const inspection = await opened(files, asking, how)
  if (inspection === undefined || !isWhole) return audited(inspection)
  failsClosed(inspection.audit())
  if (random.once(2))
    return askRepair(inspection, random.pick(allowances), { ...how, isKernelAsked: asking.guestKernel !== 'never' })
  askCheck(inspection, random)
  return 'answered'
}

function audited(inspection: Inspection | undefined): Outcome {
  if (inspection === undefined) return 'refused'
  failsClosed(inspection.audit())
  return 'answered'
}

const options = (random: Random): InspectOptions => ({
  kernel: random.pick(profileIds),
  // A search of all RAM takes a hundred times as long as everything else.
  guestKernel: random.once(3) ? 'needed' : random.once(16) ? 'always' : 'never',
})

async function asked(file: Uint8Array, how: InspectOptions, random: Random): Promise<Outcome> {
  const inspection = await opened(bytesSource(file), how)
  if (inspection === undefined) return 'refused'
  failsClosed(inspection.audit())
  const question = random.below(8)
  if (question < 4) return askRepair(inspection, random.pick(allowances), { isKernelAsked: how.guestKernel !== 'never' })
  if (question < 6) askCheck(inspection, random)
  else if (question < 7) await isNoSurer(inspection, how, random)
  else await askProgram(file, random)
  return 'answered'
}

/** The inspection of a file; undefined where it is refused as it should be. */
async function opened(
  files: ByteSource | readonly MachineFile[],
  how: InspectOptions,
  options: OpenOptions = {},
): Promise<Inspection | undefined> {
  try {
    return await inspect(await open(files, options), how)
  } catch (error) {
    refusedWithPlace(error)
    return undefined
  }
}

/** With less to spend an audit may know less, and calls nothing sound that one with more does not. */
async function isNoSurer(inspection: Inspection, how: InspectOptions, random: Random): Promise<void> {
  const budget = { work: 2 ** random.below(34), bytes: 2 ** (12 + random.below(21)), findings: 2 ** random.below(12) }
  const audited = (await inspect(inspection.machine, { ...how, budget })).audit()
  failsClosed(audited)
  for (const [i, { verdict }] of inspection.audit().entries()) {
    if (audited[i]!.verdict === 'restores' && verdict !== 'restores')
      throw new Broken('less is not surer', `ITS ${i} with ${JSON.stringify(budget)}: ${verdict} with more`)
  }
}

/** What was not looked at, or not to its end, is not called sound. */
function failsClosed(reports: readonly Report[]): void {
  for (const { verdict, gaps, unread } of reports) {
    if (verdict === 'restores' && (gaps.length > 0 || unread > 0))
      throw new Broken('what was not looked at is not called sound', gaps[0]?.says ?? `${unread} tables`)
  }
}
