// Preloaded into vits by tests of its memory: writes the most that the process had in RAM, in KiB, to the file PEAK when it ends.
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

if (isMainThread) process.on('exit', () => writeFileSync(process.env['PEAK'], `${process.resourceUsage().maxRSS}`))
