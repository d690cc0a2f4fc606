import { constants } from 'node:os'
import { reason } from '../failure.ts'

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Has something undone before a signal ends the program, as if nobody had listened for it. A second one changes nothing. What hinders it is said. */
export function onSignal(undo: () => Promise<void>, say: (line: string) => void): () => void {
  let isEnding = false
  const end = (signal: (typeof signals)[number]) => {
    if (isEnding) return
    isEnding = true
    // Who could not undo it has nobody left to be told but people.
    const said = undo().catch((error: unknown) => say(`vits: ${reason(error)}\n`))
    void said.then(() => {
      release()
      process.kill(process.pid, signal)
      // The first process of a container is not ended by its own signals.
      process.exit(128 + constants.signals[signal])
    })
  }
  const release = () => {
    for (const signal of signals) process.off(signal, end)
  }
  for (const signal of signals) process.on(signal, end)
  return release
}
