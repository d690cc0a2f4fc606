// Installs what package-lock.json names, unless that is already there: lets `npm start` and `npm test` work on a fresh clone.
import { spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'

const lock = 'package-lock.json'
const stamp = 'node_modules/.package-lock.json'
const upToDate = existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(lock).mtimeMs

if (!upToDate) {
  process.stderr.write('installing the packages of package-lock.json ...\n')
  // `npm ci` insists that the lock names the optional packages of every other platform; this does not.
  const { status } = spawnSync('npm', ['install', '--no-save', '--loglevel=error'], { stdio: ['ignore', 2, 2] })
  process.exit(status ?? 1)
}
