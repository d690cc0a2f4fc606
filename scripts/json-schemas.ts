import { type Definition, generateSchema, programFromConfig } from 'typescript-json-schema'
import type { GeneratedDoc } from './generated-doc.ts'

/** The documents that commands print with --json, or read, and the type that declares each. */
const documents = {
  check: 'CheckedDocument',
  repair: 'RepairDocument',
  show: 'ShowDocument',
  diff: 'DiffDocument',
  pages: 'PagesDocument',
  prove: 'ProveDocument',
  'prove-scope': 'ScopeDocument',
  lint: 'LintDocument',
  explain: 'ExplainDocument',
  kernels: 'KernelsDocument',
  formats: 'FormatsDocument',
  registers: 'RegistersDocument',
  live: 'LiveDocument',
} as const

/** What a document is called; of those that are not a command's, what the file itself says that it is. */
const titleOf = (name: string): string => (name === 'registers' ? 'vits-registers' : `vits ${name.replace('-', ' --')} --json`)

/** core/schema/check.json and its like: JSON Schemas (draft 7), printed from the types and their comments. */
export const schemaFiles: readonly GeneratedDoc[] = Object.entries(documents).map(([command, type]) => ({
  path: `core/schema/${command}.json`,
  content: () => `${JSON.stringify(schemaOf(command, type), null, 2)}\n`,
}))

let program: ReturnType<typeof programFromConfig> | undefined

function schemaOf(command: string, type: string): Definition {
  program ??= programFromConfig('core/tsconfig.json', ['core/src/documents/index.ts'])
  const schema = generateSchema(program, type, { required: true, ref: true, ignoreErrors: true, validationKeywords: ['pattern'] })
  if (schema === null) throw new Error(`no schema could be made of ${type}`)
  return { $schema: schema.$schema, title: titleOf(command), ...withShortNames(schema) }
}

/** The generator calls a type after the file it is in, on the machine it runs on: here a type's name is enough. */
function withShortNames(schema: Definition): Definition {
  const text = JSON.stringify(schema)
  const names = Object.keys(schema.definitions ?? {})
  const short = (name: string) => name.replace(/^.*\)\./, '')
  if (new Set(names.map(short)).size < names.length) throw new Error(`two types of one name: ${names.map(short)}`)
  return JSON.parse(text, (_key, value) => renamed(value, names, short))
}

function renamed(value: unknown, names: readonly string[], short: (name: string) => string): unknown {
  if (typeof value === 'string' && value.startsWith('#/definitions/'))
    return `#/definitions/${short(decodeURIComponent(value.slice(14)))}`
  if (typeof value !== 'object' || value === null || !names.some((name) => name in value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, definition]) => [short(name), definition]))
}
