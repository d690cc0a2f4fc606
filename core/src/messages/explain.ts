import { type ProblemCode, problemRow, problems } from '../audit/index.ts'
import { type AttributeRow, gicAttributes, itsAttributes } from '../kvm/index.ts'
import { type Errno, errnos } from '../memory/index.ts'
import { type ObjectionRow, objections } from '../tables/index.ts'
import { type DecodedAttribute, decodeAttribute } from './attribute.ts'
import { errnoIn, errnoTexts } from './errno.ts'
import type { Step, Tells } from './message.ts'
import { type Match, matchLine } from './pattern.ts'
import { type MessageName, messageNames, messageRow } from './rows.ts'

/** What a message leads to. */
export interface ExplainedMessage {
  readonly name: MessageName
  /** In which of its forms it was found. */
  readonly form: string
  /** What KVM answered, where the text tells. */
  readonly errno: Errno | undefined
  /** Which attribute of a KVM device it was about, where the text tells. */
  readonly attribute: DecodedAttribute | undefined
  /** Why that attribute is answered so. */
  readonly because: string | undefined
  /** The problems of a saved VM that make the message. */
  readonly problems: readonly ProblemCode[]
  readonly next: readonly Step[]
}

const codes = Object.keys(problems) as ProblemCode[]

/** Explains the message in a line; undefined when none is known. A line that has several is explained by the last, which is the cause. */
export function explainLine(line: string): ExplainedMessage | undefined {
  const match = matchLine(line)
  return match === undefined ? undefined : explained(match, line)
}

function explained({ name, form, at, parts }: Match, line: string): ExplainedMessage {
  const { tells, next } = messageRow(name)
  const errno = errnoIn(parts['answer'] ?? line.slice(at))
  const attribute = parts['group'] === undefined ? undefined : decodeAttribute(number(parts['group']), attrOf(parts['attr']))
  const because = errno && attribute?.row?.errnos[errno]
  const found = isGet(parts) ? [] : problemsTold(tells, attribute, errno)
  return { name, form, errno, attribute, because, problems: found, next: nextSteps(next, found, attribute, errno) }
}

const number = (text: string): number => (/^\s*\d{1,10}/.test(text) ? Number.parseInt(text, 10) : -1)

function attrOf(text: string | undefined): bigint | undefined {
  const [digits] = /^(0x[0-9a-f]{1,16}|\d{1,20})/i.exec(text?.trim() ?? '') ?? []
  return digits === undefined ? undefined : BigInt.asUintN(64, BigInt(digits))
}

/** Nothing that was saved makes reading an attribute fail. */
const isGet = ({ access, isSet }: Match['parts']) => access?.toUpperCase() === 'GET' || isSet === 'false'

function problemsTold(tells: Tells, attribute: DecodedAttribute | undefined, errno: Errno | undefined): ProblemCode[] {
  if (tells === 'attribute' && attribute !== undefined && isOther(attribute)) return []
  return codes.filter((code) => isTold(code, tells, attribute?.call, errno))
}

/** An attribute that gives nothing back of what was saved of the ITS. */
const isOther = ({ group, isGroup, call }: DecodedAttribute): boolean =>
  call === undefined ? !(isGroup && group === 'CTRL') : call !== 'restore-tables' && call !== 'registers'

function isTold(code: ProblemCode, tells: Tells, call: string | undefined, errno: Errno | undefined): boolean {
  const { answers = {}, usually, hang, stalls } = problemRow(code)
  switch (tells) {
    case 'attribute':
    case 'restore':
      return Object.entries(answers).some(
        ([one, answered]) => (call === undefined || one === call) && (errno === undefined || answered.includes(errno)),
      )
    case 'interrupts':
      return usually === 'corrupts' || (hang !== undefined && usually !== 'fails')
    case 'stall':
      return stalls === true
    case 'elsewhere':
      return false
  }
}

/** What the row says, where there are problems to look for; else what is left to do. */
function nextSteps(
  next: readonly Step[],
  found: readonly ProblemCode[],
  attribute: DecodedAttribute | undefined,
  errno: Errno | undefined,
): readonly Step[] {
  if (errno === 'EBUSY') return ['lint']
  if (attribute?.call === 'save-tables') return ['live', 'kernels']
  if (attribute?.call === 'reset') return ['kernels']
  if (attribute !== undefined && found.length === 0) return ['lint', 'acquit']
  return errno === 'EFAULT' && found.length > 0 && !next.includes('pages') ? [...next, 'pages'] : next
}

/** What an errno of the GIC and the ITS means. */
export interface ExplainedErrno {
  readonly errno: Errno
  /** Its number. */
  readonly number: number
  /** In the words of strerror(3). */
  readonly text: string
  /** The attributes that answer so, and why. */
  readonly calls: readonly { readonly device: 'ITS' | 'GIC'; readonly name: string; readonly because: string }[]
  /** The entries at which a restore of the tables ends so. */
  readonly objections: readonly ObjectionRow[]
  /** The problems of a saved VM that make a restore end so. */
  readonly problems: readonly ProblemCode[]
}

export function explainErrno(errno: Errno): ExplainedErrno {
  const calls = [...callsOf('ITS', Object.values(itsAttributes), errno), ...callsOf('GIC', Object.values(gicAttributes), errno)]
  return {
    errno,
    number: errnos[errno],
    text: errnoTexts[errno],
    calls,
    objections: Object.values(objections).filter((row) => row.errno === errno),
    problems: codes.filter((code) => isTold(code, 'restore', undefined, errno)),
  }
}

function callsOf(device: 'ITS' | 'GIC', rows: readonly AttributeRow[], errno: Errno): ExplainedErrno['calls'] {
  return rows.flatMap(({ group, name, attr, errnos: answers }) => {
    const because = answers[errno]
    return because === undefined ? [] : [{ device, name: attr === undefined ? `KVM_DEV_ARM_VGIC_GRP_${group}` : name, because }]
  })
}

/** The messages to which a problem may lead. */
export function messagesOf(code: ProblemCode): readonly MessageName[] {
  return messageNames.filter((name) => isTold(code, messageRow(name).tells, undefined, undefined))
}
