import type { Question, Questions, Reply, Request } from '../worker/messages.ts'
import { bytesIn } from './dom.ts'

interface Waiting {
  answer(value: unknown): void
  fail(error: Error): void
}

/** The worker that core runs in, as questions that are answered. */
export class CoreWorker {
  readonly #worker: Worker
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  constructor(worker: Worker, progress: (says: string) => void) {
    this.#worker = worker
    worker.addEventListener('message', ({ data }: MessageEvent<Reply>) => {
      if ('progress' in data) {
        progress(data.progress)
        return
      }
      const waiting = this.#waiting.get(data.id)
      this.#waiting.delete(data.id)
      if ('error' in data) waiting?.fail(new Error(data.error))
      else waiting?.answer(data.answer)
    })
    worker.addEventListener('error', ({ message }) => {
      for (const { fail } of this.#waiting.values()) fail(new Error(message))
      this.#waiting.clear()
    })
  }

  ask<Q extends Question>(question: Q, asked: Questions[Q]['asked']): Promise<Questions[Q]['answer']> {
    const id = ++this.#last
    return new Promise((answer, fail) => {
      this.#waiting.set(id, { answer: answer as Waiting['answer'], fail })
      this.#worker.postMessage({ id, question, asked } satisfies Request)
    })
  }
}

/** Starts the worker, whose program the page carries packed. */
export async function startWorker(program: string, progress: (says: string) => void): Promise<CoreWorker> {
  const text = new Blob([bytesIn(program)]).stream().pipeThrough(new DecompressionStream('gzip'))
  const script = new Blob([await new Response(text).arrayBuffer()], { type: 'text/javascript' })
  return new CoreWorker(new Worker(URL.createObjectURL(script)), progress)
}
