import { deviceTableCases } from './device-table-cases.ts'
import { ittCases } from './itt-cases.ts'
import { notificationCases } from './notification-cases.ts'
import type { ProblemCase } from './problem-case.ts'
import { queueCases } from './queue-cases.ts'
import { registerCases } from './register-cases.ts'

export { healthy } from './problem-case.ts'

/** One VM at least for each problem of the catalogue but M703 and M704, which need tables that are absurdly large, M706 to M709, which need a budget, and M710, which needs a kernel. */
export const problemCases: readonly ProblemCase[] = [
  ...registerCases,
  ...deviceTableCases,
  ...ittCases,
  ...queueCases,
  ...notificationCases,
]
