import { FormatError } from '@vits/core'
import type { MachineFile } from '@vits/core/formats'
import { changesBetween } from '../scene/index.ts'
import { readAhead } from './blob-source.ts'
import type { Given, NamedBlob, Question, Questions, Reply, Request } from './messages.ts'
import { type OpenMachine, Session } from './session.ts'

const sessions: Session[] = []

type Answers = { readonly [Q in Question]: (asked: Questions[Q]['asked']) => Promise<Questions[Q]['answer']> }

/** Tells which files make a saved VM each. */
export type MachinesAmong = (files: readonly MachineFile[]) => Promise<readonly (readonly MachineFile[])[]>

const answersOf = (openMachine: OpenMachine, machinesAmong: MachinesAmong): Answers => ({
  machines: ({ files }) => given(files, machinesAmong),
  open: async ({ vm, given, kernel }) => {
    const session = await Session.open(given, { open: openMachine, kernel, progress: (progress) => send({ progress }) })
    sessions[vm] = session
    return session.opened
  },
  drawing: async (asked) => of(asked.vm).drawing(asked),
  judgement: async (asked) => of(asked.vm).judgement(asked),
  rows: async (asked) => of(asked.vm).rows(asked, asked.from, asked.to),
  kernels: async ({ vm }) => of(vm).kernelChips,
  plan: async ({ vm }) => of(vm).planAnswer,
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

async function given(files: readonly NamedBlob[], machinesAmong: MachinesAmong): Promise<readonly Given[]> {
  const among = await machinesAmong(files.map(({ name, blob }) => ({ name, source: readAhead(blob) })))
  const named = (names: readonly string[]) => files.filter(({ name }) => names.includes(name))
  const machines = among.length < 2 ? [files] : among.map((machine) => named(machine.map(({ name }) => name)))
  return machines.map((machine) => ({ name: machine.map(({ name }) => name).join(', '), files: machine }))
}

function of(vm: number): Session {
  const session = sessions[vm]
  if (session === undefined) throw new Error('No saved VM is open.')
  return session
}

const send = (reply: Reply): void => self.postMessage(reply)

/** Answers questions one after the other, in the order in which they come. */
export function serve(openMachine: OpenMachine, machinesAmong: MachinesAmong): void {
  const answers = answersOf(openMachine, machinesAmong)
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
