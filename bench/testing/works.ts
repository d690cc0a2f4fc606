import type { Gpa } from '@vits/core/memory'
import type { Cost, Guest } from './guest.ts'
import { firstItt, places, randomKeys, type Shape } from './guest-shape.ts'
import { LeanSubject } from './lean-subject.ts'
import type { Subject } from './subject.ts'
import { timed } from './timed.ts'
import { VitsSubject } from './vits-subject.ts'

export const subjects = {
  vits: (shape: Shape): Subject => new VitsSubject(shape),
  /** The library in RAM in which only tables were written. */
  sparing: (shape: Shape): Subject => new VitsSubject(shape, false),
  lean: (shape: Shape): Subject => new LeanSubject(shape),
} as const
export type SubjectName = keyof typeof subjects

/** Random events, and how many MSIs of them make a round. */
const SEQUENCE = 1 << 20
const MSIS = 1 << 14
const MOVIS = 1 << 14
/** Guest RAM is read and written once in pieces of so many bytes. */
const PIECE = 0x4000

/** What can be measured: each gets a guest ready and returns what a round does. */
export const works = {
  /** MAPD and MAPTI of every event through the queue. */
  map: (guest: Guest) => () => guest.mapAll(),

  /** From address, DeviceID and EventID to a pending, queued LPI. */
  msi: (guest: Guest) => {
    guest.mapAll()
    const keys = randomKeys(guest.shape, SEQUENCE)
    let from = 0
    return () => {
      const ns = timed(() => signalAll(guest.subject, keys, from, from + MSIS))
      from = (from + MSIS) % SEQUENCE
      return { ns, operations: MSIS }
    }
  },

  /** MOVI of random events, in batches of half a queue. */
  movi: (guest: Guest) => {
    guest.mapAll()
    const keys = randomKeys(guest.shape, MOVIS)
    return () => guest.moveAll(keys)
  },

  save: (guest: Guest) => saving(guest, false),
  'save with heads': (guest: Guest) => saving(guest, true),
  restore: (guest: Guest) => restoring(guest, false),
  'restore with heads': (guest: Guest) => restoring(guest, true),

  seal: (guest: Guest) => {
    guest.mapAll()
    const subject = libraryOf(guest)
    return () => once(() => subject.seal())
  },

  /** The audit of what was saved, once its tables are loaded, with a command queue in which nothing else was before. */
  audit: async (guest: Guest) => {
    const { audit, setScenes } = await import('@vits/core/audit')
    const subject = libraryOf(guest)
    subject.memory.fill(places.queue as Gpa, places.queueBytes, 0)
    guest.mapAll()
    subject.save(false)
    const input = { memory: subject.memory, registers: subject.registers(), msi: [] }
    return () => once(() => setScenes(input).map(audit))
  },

  /** Every ITT by one memcmp against zeros: what a restore that finds its events without heads has to do at least. */
  read: (guest: Guest) => {
    const zeros = Buffer.alloc(PIECE)
    return () => once(() => eachPiece(guest, (piece) => piece.compare(zeros.subarray(0, piece.length))))
  },

  /** Each piece read, and then written with zeros: what a save that clears ITTs has to do at least. It leaves no entry. */
  'read and write': (guest: Guest) => {
    const zeros = Buffer.alloc(PIECE)
    return () =>
      once(() =>
        eachPiece(guest, (piece) => {
          piece.compare(zeros.subarray(0, piece.length))
          piece.fill(0)
        }),
      )
  },
} as const satisfies Record<string, (guest: Guest) => Round | Promise<Round>>
export type Round = () => Cost
export type WorkName = keyof typeof works

function libraryOf({ subject }: Guest): VitsSubject {
  if (!(subject instanceof VitsSubject)) throw new Error('only the library does this')
  return subject
}

function signalAll(subject: Subject, keys: Int32Array, from: number, to: number): void {
  let delivered = 0
  for (let n = from; n < to; n++) delivered += subject.signal(keys[n]! >>> 16, keys[n]! & 0xffff)
  if (delivered !== to - from) throw new Error(`only ${delivered} of ${to - from} MSIs were delivered`)
}

function saving(guest: Guest, hasHeads: boolean): () => Cost {
  guest.mapAll()
  return () => once(() => guest.subject.save(hasHeads))
}

function restoring(guest: Guest, hasHeads: boolean): () => Cost {
  guest.mapAll()
  guest.subject.save(hasHeads)
  return () => guest.restoreAll(hasHeads)
}

function once(work: () => unknown): Cost {
  let answer: unknown
  const ns = timed(() => {
    answer = work()
  })
  if (answer === false) throw new Error('the work has failed')
  return { ns, operations: 1 }
}

function eachPiece({ subject: { words }, shape }: Guest, visit: (piece: Buffer) => void): void {
  const start = firstItt(shape) - places.ram
  for (let at = start; at < words.byteLength; at += PIECE)
    visit(Buffer.from(words.buffer, words.byteOffset + at, Math.min(PIECE, words.byteLength - at)))
}
