import { readFileSync } from 'node:fs'
import type { Inspection } from '@vits/core'
import { profileIds } from '@vits/core/abi'
import { checkDocument } from '@vits/core/documents'
import { Ajv, type ValidateFunction } from 'ajv'
import { kernelLines } from '../../cli/src/render/kernels-text.ts'
import { reportText } from '../../cli/src/render/report-text.ts'
import { style } from '../../cli/src/style.ts'
import type { Random } from '../random.ts'
import { Broken } from '../target.ts'

const validators = new Map<string, ValidateFunction>()

/** What `vits COMMAND --json` prints is what its schema says, and nothing besides. */
export function fitsSchema(command: string, document: unknown): void {
  let validate = validators.get(command)
  if (validate === undefined) {
    const schema = readFileSync(new URL(`../../core/schema/${command}.json`, import.meta.url), 'utf8')
    const closed = JSON.parse(schema, (_key, value) =>
      value?.type === 'object' && value.properties !== undefined ? { ...value, additionalProperties: false } : value,
    )
    validate = new Ajv({ allowUnionTypes: true }).compile(closed)
    validators.set(command, validate)
  }
  if (validate(JSON.parse(JSON.stringify(document)))) return
  const [first] = validate.errors ?? []
  throw new Broken(`${command} --json fits its schema`, `${first?.instancePath} ${first?.message}`)
}

/** What is printed for people has no control characters but the ends of its lines. */
export function isPrintable(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const found = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/.exec(text)
  if (found === null) return
  throw new Broken('text can be printed', JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 20)))
}

/** What `vits check` prints of a VM, for programs or for people. */
export function askCheck(inspection: Inspection, random: Random): void {
  const { machine } = inspection
  const kernels = inspection.judge(random.once(4) ? profileIds : [random.pick(profileIds)])
  const found = { file: 'vm', machine, reports: inspection.audit(), kernels }
  if (random.once(2)) {
    fitsSchema('check', checkDocument(found, random.once(2)))
    return
  }
  const plain = style(false)
  const lines = kernelLines(kernels, inspection.kernel, random.once(2), plain)
  isPrintable(reportText(found, { kernels: lines, rules: random.once(2), byHang: random.once(2) }, plain))
}
