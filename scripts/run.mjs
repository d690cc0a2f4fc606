// Runs steps and stops at the first that fails.
import { spawn } from 'node:child_process'

/**
 * Begins the steps in their order, so many at once.
 *
 * @param {readonly (readonly [name: string, command: string, ...args: string[]])[]} steps
 */
export async function runSteps(steps, { atOnce = 1 } = {}) {
  const left = [...steps]
  const lane = async () => {
    for (let step = left.shift(); step !== undefined; step = left.shift()) await runStep(step)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

async function runStep([name, command, ...args]) {
  const start = performance.now()
  const { status, output } = await ended(spawn(command, args, { env: pathWithBin() }))
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  if (status !== 0) {
    process.stdout.write(`${output}\n${name}: failed\n`)
    process.exit(status || 1)
  }
  process.stdout.write(`${name.padEnd(24)} ok  ${seconds} s\n`)
}

async function ended(child) {
  const parts = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => parts.push(part))
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject))
  return { status, output: Buffer.concat(parts).toString() }
}

function pathWithBin() {
  return { ...process.env, PATH: `node_modules/.bin:${process.env['PATH']}` }
}
