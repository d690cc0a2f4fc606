import { bytesSource, type Inspection, type InspectOptions, inspect, open, type RepairOptions, type Report } from '@vits/core'
import { profileIds } from '@vits/core/abi'
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
  const inspection = await opened(file, options(random))
  if (inspection === undefined) return 'refused'
  failsClosed(inspection.audit())
  return question(inspection, file, random)
}

/** The same where it is the file that matters and not what the guest did: most of what can be opened is audited only. */
export const askFile: Ask = async (file, random) => {
  const isAsked = random.once(8)
  const inspection = await opened(file, isAsked ? options(random) : { judges: [], guestKernel: 'never' })
  if (inspection === undefined) return 'refused'
  failsClosed(inspection.audit())
  return isAsked ? question(inspection, file, random) : 'answered'
}

const options = (random: Random): InspectOptions => ({
  kernel: random.pick(profileIds),
  guestKernel: random.pick(['needed', 'needed', 'always', 'never']),
})

async function question(inspection: Inspection, file: Uint8Array, random: Random): Promise<Outcome> {
  const which = random.below(8)
  if (which < 4) return askRepair(inspection, random.pick(allowances))
  if (which < 7) askCheck(inspection, random)
  else await askProgram(file, random)
  return 'answered'
}

/** The inspection of a file; undefined where it is refused as it should be. */
async function opened(file: Uint8Array, asked: InspectOptions): Promise<Inspection | undefined> {
  try {
    return await inspect(await open(bytesSource(file)), asked)
  } catch (error) {
    refusedWithPlace(error)
    return undefined
  }
}

/** What was not looked at, or not to its end, is not called sound. */
function failsClosed(reports: readonly Report[]): void {
  for (const { verdict, gaps, unread } of reports) {
    if (verdict === 'restores' && (gaps.length > 0 || unread > 0))
      throw new Broken('what was not looked at is not called sound', gaps[0]?.says ?? `${unread} tables`)
  }
}
