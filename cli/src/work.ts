import { workerData } from 'node:worker_threads'
import { work } from './leash/worker.ts'
import { monitorWorker } from './live/monitor-worker.ts'
import type { Task } from './node/start-thread.ts'
import { shareWorker } from './prove/share-worker.ts'

/** What the program does once it knows what: loaded by its main thread where that does the work itself, and begun by every other. */
export { checkMany } from './check/many.ts'
export { perform } from './job.ts'
export { nodeIo } from './node/io.ts'

const task = workerData as Task | null
if (task?.thread === 'job') work(task.start)
else if (task?.thread === 'monitor') monitorWorker(task.address)
else if (task?.thread === 'share') shareWorker(task.scope, task.index, task.of)
