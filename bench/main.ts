// Runs the benchmarks of this folder, each in a process of its own. Usage: npm run bench -- [NAME...] [-- ARGS...]; without a name: all.
// npm run bench -- profile NAME [--profiles FOLDER] [--apart] [ARGS...] writes CPU profiles of the benchmark's processes too, into a temporary
// folder where none is told, and prints which functions took the time. What V8 has inlined counts for the function that it is inlined in;
// --apart: nothing is inlined, which is slower and tells every function by itself.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { profiled, profileOptions, profileTables } from './testing/profile.ts'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))
const words = process.argv.slice(2)
const split = words.findIndex((word) => word.startsWith('-'))
const before = split < 0 ? words : words.slice(0, split)
const args = split < 0 ? [] : words.slice(words[split] === '--' ? split + 1 : split)
const isProfile = before[0] === 'profile'
const chosen = isProfile ? before.slice(1) : before
const unknown = chosen.filter((name) => !names.includes(name))

if (unknown.length > 0 || (isProfile && chosen.length !== 1)) {
  const trouble = unknown.length > 0 ? `no benchmark ${unknown.join(', ')}` : 'profile takes one benchmark'
  console.log(`${trouble}; there are: ${names.join(', ')}`)
  process.exitCode = 1
} else if (isProfile) profile(chosen[0]!)
else for (const name of chosen.length === 0 ? names : chosen) run(name, args)

function run(name: string, options: readonly string[], profiles: NodeJS.ProcessEnv = {}): void {
  console.log(`\n## ${name}\n`)
  // Without path aliases @vits/core is what users run: the compiled library.
  const env = { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json`, ...profiles }
  const command = [...profileOptions(name, profiles), '--import', 'tsx', `${folder}${name}.ts`, ...options]
  const { status } = spawnSync(process.execPath, command, { stdio: 'inherit', env })
  if (status !== 0) process.exitCode = status ?? 1
}

function profile(name: string): void {
  const options = args.filter((word) => word !== '--apart')
  const at = options.indexOf('--profiles')
  const profiles = at < 0 ? mkdtempSync(join(tmpdir(), 'vits-profiles-')) : resolve(options.splice(at, 2)[1]!)
  mkdirSync(profiles, { recursive: true })
  run(name, options, profiled(profiles, args.includes('--apart')))
  console.log(`\nself time of each function, by the profiles in ${profiles}\n${profileTables(profiles)}`)
}
