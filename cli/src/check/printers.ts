import type { CheckFormat } from './formats.ts'
import { jsonArray, jsonLines, jsonSingle } from './print/json.ts'
import { junit } from './print/junit.ts'
import { markdown } from './print/markdown.ts'
import { sarif } from './print/sarif.ts'
import { reports, table } from './print/table.ts'
import type { Printer, Run } from './printer.ts'

/** How each format is printed. */
export const printers: Readonly<Record<CheckFormat, (run: Run) => Printer>> = {
  text: reports,
  table,
  json: (run) => (run.files.length === 1 ? jsonSingle() : jsonArray()),
  jsonl: jsonLines,
  sarif,
  junit,
  markdown,
}
