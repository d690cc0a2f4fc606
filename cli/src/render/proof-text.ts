import { printable } from '../printable.ts'
import type { Mapping } from '../prove/mappings.ts'
import type { ItsProof, Proof, RestoreOutcome } from '../prove/proof.ts'
import type { Style } from '../style.ts'
import { count, itsWords } from './words.ts'

/** Mappings listed of each kind of difference. */
const LISTED = 8

/** What `vits prove` prints for one file: what the kernel did with each ITS, what check predicts, and how they differ. */
export function proofText({ file, itses, ...by }: Proof & { readonly file: string }, style: Style): string {
  const lines = itses.flatMap((one) =>
    itses.length === 1
      ? itsLines(one, by)
      : [`  ${style.bold(itsWords(one.its))}`, ...itsLines(one, by).map((line) => `  ${line}`)],
  )
  return [style.bold(printable(file)), ...lines, ''].join('\n')
}

function itsLines(
  { answered, predicted, agrees, lost, unexpected }: ItsProof,
  { kernel, profile }: Pick<Proof, 'kernel' | 'profile'>,
): string[] {
  return [
    `  ${`Linux ${kernel}`.padEnd(28)}${outcomeWords(answered, answered.call)}`,
    `  ${`check (${profile})`.padEnd(28)}${outcomeWords(predicted, 'the restore')}`,
    ...listed('predicted, but not restored', lost),
    ...listed('restored, but not predicted', unexpected),
    agrees ? '  as predicted' : '  NOT as predicted',
  ]
}

/** What a restore did, in a few words. */
function outcomeWords({ rc, view: { collections, devices } }: RestoreOutcome, call: string): string {
  if (rc !== '0') return `${call} fails: ${rc}`
  const events = devices.reduce((sum, device) => sum + device.events.length, 0)
  return `restores ${count(collections.length, 'collection')}, ${count(devices.length, 'device')}, ${count(events, 'event')}`
}

function listed(what: string, mappings: readonly Mapping[]): string[] {
  const shown = mappings.slice(0, LISTED).map((mapping) => `    ${mapping}`)
  const rest = mappings.length > LISTED ? [`    and ${mappings.length - LISTED} more`] : []
  return mappings.length === 0 ? [] : [`  ${what}:`, ...shown, ...rest]
}
