export type { AskedDocument, UndoDocument, UnreadDocument } from './asked-document.ts'
export { type CheckDocument, type Checked, type CheckedDocument, checkDocument } from './check-document.ts'
export { namedDevices } from './device-document.ts'
export type { DiffDocument } from './diff-document.ts'
export type { JudgedDocument } from './judged-document.ts'
export { type LintDocument, type LintedTrace, lintDocument } from './lint-document.ts'
export { type LiveDocument, liveDocument } from './live-document.ts'
export { type PagesDocument, pagesDocument } from './pages-document.ts'
export { type PendingDocument, pendingDocument, type ShowDocument } from './pending-document.ts'
export { type ItsProved, type ProveDocument, type Proved, proveDocument } from './prove-document.ts'
export {
  type ExplainDocument,
  type ExplainedTexts,
  explainDocument,
  type FormatsDocument,
  formatsDocument,
  type KernelsDocument,
  kernelsDocument,
  type UnknownText,
} from './reference-documents.ts'
export { type RegistersDocument, registersDocument } from './registers-document.ts'
export { type RepairDocument, repairDocument } from './repair-document.ts'
export {
  type ScopeDocument,
  type ScopeResult,
  type StepDocument,
  scopeDocument,
  type WrongRestoreDocument,
} from './scope-document.ts'
export { type LpiState, lpiStates, type ViewDocument, viewDocument } from './view-document.ts'
