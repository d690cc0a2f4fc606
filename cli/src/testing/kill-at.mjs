// Preloaded into vits by the crash tests: kills the process with SIGKILL at the n-th operation that changes the disk, before it
// begins, or, for a write, when half of its bytes are there. KILL_AT is n; the count of operations goes to KILL_COUNT, a file.
import { appendFileSync, writeSync } from 'node:fs'
import fs from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const at = Number(process.env['KILL_AT'])
const half = process.env['KILL_HALF'] === '1'
let done = 0

const die = () => process.kill(process.pid, 'SIGKILL')

function step(name) {
  appendFileSync(process.env['KILL_LOG'], `${name}\n`)
  return done++ === at
}

const probe = await fs.open(process.env['KILL_LOG'], 'a')
const handle = Object.getPrototypeOf(probe)
await probe.close()

const write = handle.write
handle.write = function (buffer, offset, length, position) {
  if (!step('write')) return write.call(this, buffer, offset, length, position)
  if (half) writeSync(this.fd, buffer, offset, length >> 1, position)
  die()
  return new Promise(() => {})
}
const sync = handle.sync
handle.sync = function () {
  if (!step('sync')) return sync.call(this)
  die()
  return new Promise(() => {})
}
const open = fs.open
fs.open = (path, flags, ...rest) => {
  if (flags !== 'wx' || !step('create')) return open(path, flags, ...rest)
  die()
  return new Promise(() => {})
}
for (const name of ['rename', 'unlink', 'link', 'mkdir', 'rmdir']) {
  const real = fs[name]
  fs[name] = (...args) => {
    if (!step(name)) return real(...args)
    die()
    return new Promise(() => {})
  }
}
syncBuiltinESMExports()
