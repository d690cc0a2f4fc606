// Runs steps one after another and stops at the first that fails.
import { spawnSync } from 'node:child_process'

/** @param {readonly (readonly [name: string, command: string, ...args: string[]])[]} steps */
export function runSteps(steps) {
  for (const [name, command, ...args] of steps) {
    const start = performance.now()
    const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', env: pathWithBin(), maxBuffer: 1 << 28 })
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    if (status !== 0) {
      process.stdout.write(`${stdout}${stderr}\n${name}: failed\n`)
      process.exit(status || 1)
    }
    process.stdout.write(`${name.padEnd(24)} ok  ${seconds} s\n`)
  }
}

function pathWithBin() {
  return { ...process.env, PATH: `node_modules/.bin:${process.env['PATH']}` }
}
