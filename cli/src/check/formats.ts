/** What a report of many files can be printed as. */
export const checkFormats = {
  text: 'the report of each file',
  table: 'a line for each file, and how many there are of each verdict',
  json: 'JSON: one document, or an array of one for each file',
  jsonl: 'JSON: one document a line for each file',
  sarif: 'SARIF 2.1.0, for code scanning and editors',
  junit: 'JUnit XML, for CI: a test case for each file',
  markdown: 'Markdown, to paste into a bug report',
} as const

export type CheckFormat = keyof typeof checkFormats

/** Their names. */
export const formatNames = Object.keys(checkFormats) as [CheckFormat, ...CheckFormat[]]
