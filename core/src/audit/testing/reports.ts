import { audit, setScene } from '../index.ts'
import { problemCases } from './problem-cases/index.ts'
import { record, reportText } from './report-text.ts'

/** Where the reports on the planted problems are recorded; `npm run docs` records them anew. */
export const reportsFile = new URL('./reports.txt', import.meta.url)

/** What the audit says of each planted problem, by its code and what is planted. */
export const reports: ReadonlyMap<string, () => string> = new Map(
  problemCases.map(({ code, when, vm }) => [`${code}: ${when}`, () => reportText(audit(setScene(vm().input())))]),
)

export const recordReports = (): string => record(new Map([...reports].map(([title, text]) => [title, text()])))
