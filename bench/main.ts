// Runs the benchmarks of this folder, each in a process of its own. Usage: npm run bench -- [NAME...] [-- ARGS...]; without a name: all.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('.', import.meta.url))
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -3))
const words = process.argv.slice(2)
const split = words.findIndex((word) => word.startsWith('-'))
const chosen = split < 0 ? words : words.slice(0, split)
const args = split < 0 ? [] : words.slice(words[split] === '--' ? split + 1 : split)
const unknown = chosen.filter((name) => !names.includes(name))

if (unknown.length > 0) {
  console.log(`no benchmark ${unknown.join(', ')}; there are: ${names.join(', ')}`)
  process.exitCode = 1
} else {
  for (const name of chosen.length === 0 ? names : chosen) {
    console.log(`\n## ${name}\n`)
    // Without path aliases @vits/core is what users run: the compiled library.
    const env = { ...process.env, TSX_TSCONFIG_PATH: `${folder}tsconfig.json` }
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', `${folder}${name}.ts`, ...args], { stdio: 'inherit', env })
    if (status !== 0) process.exitCode = status ?? 1
  }
}
