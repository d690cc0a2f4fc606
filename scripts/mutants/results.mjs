// The results of mutation testing as they are committed: one line for each mutant, sources by their git blob only.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = 'scripts/mutants/results'
const pathOf = (room) => `${folder}/${room}.json`
/** What no test can be asked about: mutants of code that only runs while modules load, and those that time was too short for. */
const kept = new Set(['Killed', 'Timeout', 'Survived', 'NoCoverage'])

/** The git blob of a text, as `git hash-object` would name it. */
export const blobOf = (text) =>
  createHash('sha1')
    .update(`blob ${Buffer.byteLength(text)}\0${text}`)
    .digest('hex')

const textOf = (file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined)

/** The committed results of a room: `{ unasked, tests, files }`, nothing in them when there are none yet. */
export function readResults(room) {
  return existsSync(pathOf(room)) ? JSON.parse(readFileSync(pathOf(room), 'utf8')) : { unasked: 0, tests: {}, files: {} }
}

/** The committed results of a room as Stryker would report them, and how many mutants were not asked for want of time. */
export function committed(room) {
  const { unasked, files } = readResults(room)
  const asked = Object.entries(files).map(([file, { mutants }]) => [
    file,
    { mutants: mutants.map((one) => unpackMutant(one, '')) },
  ])
  return { unasked, files: Object.fromEntries(asked) }
}

/** Those sources of a room that are not as its committed results know them. */
export function changedSince(room, paths) {
  const { files } = readResults(room)
  return paths.filter((path) => files[path]?.blob !== blobOf(textOf(path)))
}

/** Keeps Stryker's report on a room; `paths` are all its files, those without a mutant or a test included. */
export function writeResults(room, report, paths) {
  const packed = pack(report, paths)
  const section = (entries) => entries.map((entry) => `\n${entry}`).join(',')
  const files = Object.entries(packed.files).map(([file, { blob, mutants }]) => {
    const lines = mutants.map((mutant) => `\n    ${JSON.stringify(mutant)}`)
    return `  ${JSON.stringify(file)}: {\n   "blob": "${blob}",\n   "mutants": [${lines.join(',')}\n   ]\n  }`
  })
  const tests = Object.entries(packed.tests).map(([file, { blob, names }]) => {
    const lines = names.map((name) => `\n    ${JSON.stringify(name)}`)
    return `  ${JSON.stringify(file)}: {\n   "blob": "${blob}",\n   "names": [${lines.join(',')}\n   ]\n  }`
  })
  mkdirSync(folder, { recursive: true })
  writeFileSync(
    pathOf(room),
    `{\n "unasked": ${packed.unasked},\n "tests": {${section(tests)}\n },\n "files": {${section(files)}\n }\n}\n`,
  )
}

function pack(report, paths) {
  const place = new Map()
  const tests = {}
  const sources = { ...report.files }
  for (const path of paths) {
    if (path.endsWith('.test.ts')) report.testFiles[path] ??= { tests: [] }
    else sources[path] ??= { source: textOf(path), mutants: [] }
  }
  for (const [file, { tests: list, source = textOf(file) }] of inOrder(report.testFiles)) {
    tests[file] = { blob: blobOf(source), names: list.map(({ name }) => name) }
    for (const { id } of list) place.set(id, place.size)
  }
  let unasked = 0
  const files = {}
  for (const [file, { source, mutants }] of inOrder(sources)) {
    unasked += mutants.filter(({ status }) => status === 'RuntimeError').length
    files[file] = {
      blob: blobOf(source),
      mutants: mutants.filter(({ status }) => kept.has(status)).map((m) => packMutant(m, place)),
    }
  }
  return { unasked, tests, files }
}

const inOrder = (record) => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1))

/** `[where, mutator, replacement, status, tests]`: the test that killed it, or as a bit set all that did not. */
function packMutant({ location: { start, end }, mutatorName, replacement, status, killedBy = [], coveredBy = [] }, place) {
  const where = `${start.line}:${start.column}-${end.line}:${end.column}`
  const rest =
    status === 'Killed' ? [place.get(killedBy[0])] : status === 'NoCoverage' ? [] : [toBits(coveredBy.map((id) => place.get(id)))]
  return [where, mutatorName, replacement, status, ...rest]
}

function toBits(places) {
  const bytes = new Uint8Array(Math.ceil((Math.max(-1, ...places) + 1) / 8))
  for (const at of places) bytes[at >>> 3] |= 1 << (at & 7)
  return Buffer.from(bytes).toString('base64')
}

function fromBits(text) {
  const bytes = Buffer.from(text, 'base64')
  return Array.from({ length: bytes.length * 8 }, (_, at) => at).filter((at) => (bytes[at >>> 3] >>> (at & 7)) & 1)
}

/** Mutants of a room's results as Stryker lists them; `killedBy` and `coveredBy` name tests by their place. */
function unpackMutant([where, mutatorName, replacement, status, tests], id) {
  const [startLine, startColumn, endLine, endColumn] = where.split(/[:-]/).map(Number)
  const location = { start: { line: startLine, column: startColumn }, end: { line: endLine, column: endColumn } }
  const killedBy = status === 'Killed' ? [String(tests)] : []
  const coveredBy = typeof tests === 'string' ? fromBits(tests).map(String) : killedBy
  return { id, location, mutatorName, replacement, status, killedBy, coveredBy }
}

/**
 * What Stryker reads to go on from: results of files whose committed source can be had, and the tests of files that are as they
 * were. A mutant that a changed test killed, or did not kill, is tried again.
 */
export function writeIncremental(room, path) {
  const { tests, files } = readResults(room)
  const testFiles = {}
  let at = 0
  for (const [file, { blob, names }] of Object.entries(tests)) {
    const list = names.map((name) => ({ id: String(at++), name }))
    if (blobOf(textOf(file) ?? '') === blob) testFiles[file] = { tests: list }
  }
  const sources = {}
  for (const [file, { blob, mutants }] of Object.entries(files)) {
    const source = sourceOf(file, blob)
    if (source === undefined) continue
    sources[file] = { language: 'typescript', source, mutants: mutants.map((mutant, n) => unpackMutant(mutant, `${file}${n}`)) }
  }
  writeFileSync(path, JSON.stringify({ schemaVersion: '1.0', thresholds: { high: 85, low: 85 }, files: sources, testFiles }))
}

/** The text of a blob: what the file holds now, or what git has kept. */
function sourceOf(file, blob) {
  const now = textOf(file)
  if (now === undefined || blobOf(now) === blob) return now
  try {
    return execFileSync('git', ['cat-file', 'blob', blob], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  } catch {
    return undefined
  }
}
