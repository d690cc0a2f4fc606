import { type Finding, type ProblemCode, problemRow } from '../audit/index.ts'

/** A finding that forbids a repair, or the writing of what the command queue tells. */
export interface Blockage {
  readonly code: ProblemCode
  readonly because: string
}

/** The first of the findings that forbids it. */
export function blockage(findings: readonly Finding[], what: 'repair' | 'history'): Blockage | undefined {
  for (const { code } of findings) {
    const { blocks } = problemRow(code)
    if (blocks?.what === what) return { code, because: blocks.because }
  }
  return undefined
}
