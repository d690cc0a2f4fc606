import { kernelSpans } from '@vits/core/abi'
import type { ScopeDocument, StepDocument, WrongRestoreDocument } from '@vits/core/documents'
import { guests, saveModes } from '@vits/core/scope'
import type { Style } from '../style.ts'
import { count } from './words.ts'

const LABEL = 12

/** What `vits prove --scope` prints for one scope: what was claimed, what came of it, and the shortest histories that refute it. */
export function scopeText(document: ScopeDocument, style: Style): string {
  const { name, scope, states, steps, images, restores, cpuSeconds, wrong, refused, limits } = document
  const { kernel, save, restoredOn, guest } = scope
  const lines = [
    `${style.bold(name)}  ${scope.claim}`,
    row('VM', sizeWords(scope)),
    row('saved', `by ${kernel}, ${saveModes[save].says}`),
    row('restored', `on ${kernelSpans(restoredOn).join(', ')}`),
    row('guest', guests[guest].says),
    row('operations', scope.operations.join(', ')),
    row(
      'went through',
      `${states} states, ${steps} steps, ${images} different images, ${restores} restores, ${cpuSeconds} s CPU`,
    ),
    row('verdict', verdictWords(document, style)),
    ...limits.map((limit) =>
      row('not asked', `${kernelSpans(limit.kernels).join(', ')}: ${limit.name} in ${count(limit.images, 'image')}`),
    ),
    ...wrong.flatMap((one) => ['', ...wrongLines(one, style)]),
    ...refused.flatMap((one) => [
      '',
      `  ${style.bad(`the save fails: ${one.kind}`)}${misuseWords(one.misuse)}`,
      ...historyLines(one.history),
    ]),
  ]
  return `${lines.join('\n')}\n`
}

const row = (label: string, text: string): string => `  ${label.padEnd(LABEL)}  ${text}`

const sizeWords = ({ deviceIds, events, collections, areas, lpis, vcpus, deviceTable }: ScopeDocument['scope']): string =>
  [
    `DeviceIDs ${deviceIds.join(', ')} in a ${deviceTable} table`,
    `${count(events, 'event')} each`,
    count(collections, 'collection'),
    `room for ${count(areas, 'ITT')}`,
    count(lpis, 'LPI'),
    count(vcpus, 'vCPU'),
  ].join(', ')

function verdictWords({ verdict, ended, depth, outside, wrong, refused }: ScopeDocument, style: Style): string {
  const stays = outside > 0 ? `, of those that stay in the scope: ${count(outside, 'step')} led out` : ''
  const reach =
    ended === 'fixpoint'
      ? `histories of any length (no state is more than ${depth} operations away)${stays}`
      : `histories of up to ${count(depth, 'operation')}${stays}; nothing is known of longer ones`
  if (verdict === 'refuted') {
    return style.bad(`refuted in ${count(wrong.length + refused.length, 'way')}, of ${reach}`)
  }
  return verdict === 'any length'
    ? style.good(`holds for ${reach}`)
    : style.warn(`holds for ${depth < 0 ? 'nothing: it ended before the first state' : reach}`)
}

function wrongLines(
  { kind, misuse, kernels, images, depth, history, had, restored }: WrongRestoreDocument,
  style: Style,
): string[] {
  return [
    `  ${style.bad(kind)}${misuseWords(misuse)}`,
    `    ${kernelSpans(kernels.map(({ kernel }) => kernel)).join(', ')}; ${count(images, 'image')}; ${count(depth, 'operation')} and the save:`,
    ...historyLines(history),
    `    saved     ${had}`,
    ...(restored === '' ? [] : [`    restored  ${restored}`]),
  ]
}

const misuseWords = (misuse: readonly string[]): string => (misuse.length === 0 ? '' : `, where ${misuse.join(', ')}`)

const historyLines = (history: readonly StepDocument[]): string[] => history.map(({ says }, i) => `      ${i + 1}. ${says}`)
