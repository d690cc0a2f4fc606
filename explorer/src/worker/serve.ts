import { FormatError } from '@vits/core'
import { changesBetween } from '../scene/index.ts'
import type { Question, Questions, Reply, Request } from './messages.ts'
import { type OpenMachine, Session } from './session.ts'

const sessions: Session[] = []

type Answers = { readonly [Q in Question]: (asked: Questions[Q]['asked']) => Promise<Questions[Q]['answer']> }

const answersOf = (openMachine: OpenMachine): Answers => ({
  open: async ({ vm, given, kernel }) => {
    const session = await Session.open(given, { open: openMachine, kernel, progress: (progress) => send({ progress }) })
    sessions[vm] = session
    return session.opened
  },
  drawing: async (asked) => of(asked.vm).drawing(asked),
  judgement: async (asked) => of(asked.vm).judgement(asked),
  rows: async (asked) => of(asked.vm).rows(asked, asked.from, asked.to),
  kernels: async ({ vm }) => of(vm).kernelChips,
  plan: async ({ vm }) => of(vm).planFacts,
  trap: async (asked) => of(asked.vm).trap(asked),
  chain: async (asked) => of(asked.vm).chain(asked, asked.deviceId, asked.eventId),
  moment: async (asked) => of(asked.vm).moment(asked, asked.after),
  changes: async ({ its }) => {
    const [a, b] = [of(0).opened, of(1).opened].map(({ kernel }, vm) => of(vm).scenes({ kernel, isAfter: false })[its]!)
    return changesBetween(a!, b!)
  },
  text: async ({ vm, kernel }) => of(vm).text(kernel),
  caseFile: async ({ vm }) => of(vm).caseFile(),
  repaired: async ({ vm }) => of(vm).repaired(),
})

function of(vm: number): Session {
  const session = sessions[vm]
  if (session === undefined) throw new Error('No saved VM is open.')
  return session
}

const send = (reply: Reply): void => self.postMessage(reply)

/** Answers questions one after the other, in the order in which they come. */
export function serve(openMachine: OpenMachine): void {
  const answers = answersOf(openMachine)
  let turn: Promise<void> = Promise.resolve()
  self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
    turn = turn.then(() => reply(answers, data))
  })
}

async function reply(answers: Answers, { id, question, asked }: Request): Promise<void> {
  try {
    send({ id, answer: await answers[question](asked as never) })
  } catch (error) {
    send({ id, error: wordsOf(error) })
  }
}

/** A file that is not what it claims is the file's fault; anything else is named as it is. */
function wordsOf(error: unknown): string {
  if (error instanceof FormatError) return error.message
  return error instanceof Error ? error.message : String(error)
}
