// Has the program go through scopes, all of them or those named: `npm run scope -- seal heads`. With --write what it finds is written to
// fixtures/scope/results.json, in the place of what was known of those. docs/scope.md is printed from it.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { ScopeDocument } from '@vits/core/documents'
import { notCovered, scopeNamed, scopeNames } from '@vits/core/scope'

/** What was found, in the order of the table of scopes. */
interface ScopeResults {
  readonly schema: 1
  readonly node: string
  readonly results: readonly (ScopeDocument & { readonly command: string })[]
  readonly notCovered: typeof notCovered
}

const FILE = new URL('../fixtures/scope/results.json', import.meta.url)

const { values, positionals } = parseArgs({
  options: { write: { type: 'boolean', default: false }, depth: { type: 'string' } },
  allowPositionals: true,
})
const names = positionals.length > 0 ? positionals : scopeNames
for (const name of names) scopeNamed(name)
for (const name of names) {
  const found = prove(name)
  const { verdict, ended, depth, states, cpuSeconds } = found
  console.log(`${name}: ${verdict}, ${ended} at depth ${depth}, ${states} states, ${cpuSeconds} s CPU`)
  if (values.write) write(found)
}

/** By the program itself, so that the command can be run again by anybody. */
function prove(name: string): ScopeResults['results'][number] {
  const limit = values.depth === undefined ? [] : ['--depth', values.depth]
  const words = ['prove', '--scope', name, ...limit]
  const { stdout, stderr, status } = spawnSync('node', ['cli/bin/vits.js', ...words, '--json', '--max-memory', '3G'], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  })
  if (![0, 4, 64].includes(status ?? -1)) throw new Error(`vits ${words.join(' ')} ends with ${status}: ${stderr}`)
  return { ...(JSON.parse(stdout) as ScopeDocument), command: `vits ${words.join(' ')}` }
}

function write(found: ScopeResults['results'][number]): void {
  const known = existsSync(FILE) ? (JSON.parse(readFileSync(FILE, 'utf8')) as ScopeResults).results : []
  const results = scopeNames.flatMap((name) => (name === found.name ? [found] : known.filter((one) => one.name === name)))
  const lines = results.map((one) => `  ${JSON.stringify(one)}`).join(',\n')
  const rest = notCovered.map((one) => `  ${JSON.stringify(one)}`).join(',\n')
  const { node } = process.versions
  writeFileSync(FILE, `{\n "schema": 1,\n "node": "${node}",\n "results": [\n${lines}\n ],\n "notCovered": [\n${rest}\n ]\n}\n`)
}
