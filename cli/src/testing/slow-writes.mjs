// Preloaded into vits by the tests of signals: every write to a file takes SLOW_MS longer, and is told in SLOW_LOG, a file, when it
// begins.
import { appendFileSync } from 'node:fs'
import fs from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'

const log = process.env['SLOW_LOG']
const probe = await fs.open(log, 'a')
const handle = Object.getPrototypeOf(probe)
await probe.close()

const { write } = handle
handle.write = async function (...args) {
  appendFileSync(log, 'write\n')
  await setTimeout(Number(process.env['SLOW_MS']))
  return write.apply(this, args)
}
