import { formatsDocument } from '@vits/core/documents'
import { type KnownFormat, knownFormats } from '@vits/core/formats'
import { ExitCode } from '../exit-code.ts'
import { jsonText } from '../printable.ts'
import { fit, wrap } from '../render/layout.ts'
import type { Style } from '../style.ts'
import type { formats } from '../usage/formats.ts'
import type { Run } from '../usage.ts'

/** The formats that are read. */
export const run: Run<typeof formats> = async (_words, { json }, { out, style }) => {
  if (json) out(jsonText(formatsDocument()))
  else out(knownFormats.map((format) => `${fit(style.bold(format.what), style)}\n${lines(format, style)}\n`).join('\n'))
  return ExitCode.Ok
}

const repaired: Readonly<Record<KnownFormat['writtenBack'], string>> = {
  'in place': 'in place, or into a copy',
  copies: 'into a copy, unpacked',
  no: 'as a case: vits extract',
}

const lines = ({ writtenBy, given, writtenBack, witnesses, heldAgainst }: KnownFormat, style: Style): string =>
  [
    ['from', writtenBy],
    ['name', given === 'file' ? 'the file' : 'the folder that its files are in'],
    ['repair', repaired[writtenBack]],
    ['tells', witnesses],
    ['tried', heldAgainst],
  ]
    .map(([heading, text]) => wrap(text!, heading!, style))
    .join('\n')
