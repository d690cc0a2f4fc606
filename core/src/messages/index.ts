export { type DecodedAttribute, decodeAttribute } from './attribute.ts'
export { errnoNamed, errnoTexts } from './errno.ts'
export {
  type ExplainedErrno,
  type ExplainedMessage,
  explainErrno,
  explainLine,
  messagesOf,
} from './explain.ts'
export { type LoggedMessage, LogReader, nearestMessages } from './log.ts'
export { type MessageRow, type Speaker, type Step, speakers, steps, type Tells } from './message.ts'
export { type MessageName, messageNames, messageRow } from './rows.ts'
