import { profiles, type QuirkName, quirks, releasesWith } from '@vits/core/abi'
import { kernelsDocument } from '@vits/core/documents'
import { ExitCode } from '../exit-code.ts'
import { profileNamed } from '../options/profile-named.ts'
import { jsonText } from '../printable.ts'
import { fit } from '../render/layout.ts'
import { count } from '../render/words.ts'
import type { kernels } from '../usage/kernels.ts'
import type { Run } from '../usage.ts'

/** The kernels whose behaviour is known, and how each differs from the newest. */
export const run: Run<typeof kernels> = async (ids, { json }, { out, err, style, hostKernel }) => {
  const chosen = ids.length === 0 ? Object.values(profiles) : ids.map((id) => profileNamed(id, { err, hostKernel }))
  if (json) {
    out(jsonText(kernelsDocument(chosen)))
    return ExitCode.Ok
  }
  for (const { id, title, names, unsettled = [] } of chosen) {
    const more =
      ids.length === 0
        ? [` (${count(names.length, 'quirk')})`]
        : ['', ...names.map((name) => quirkLine(name, unsettled.includes(name)))]
    out(fit(`${style.bold(id.padEnd(14))}  ${title}${more.join('\n')}\n`, style))
  }
  return ExitCode.Ok
}

const quirkLine = (name: QuirkName, isUnsettled: boolean) =>
  `  ${name}${isUnsettled ? ', perhaps: its series took the fix, at an unknown release' : ''}\n      ${quirks[name].does}\n      ${releasesWith(quirks[name])}`
