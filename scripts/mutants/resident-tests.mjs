// A thread that imports a room's tests once and then runs them again and again, each time with another mutant switched on.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { collectTests, getFn, getHooks } from '@vitest/runner'
import fc from 'fast-check'
import { register } from 'tsx/esm/api'

const { files, namespace, slow } = workerData
/** What Stryker's instrumented code reads: which mutant is active, how often it may be hit, where its coverage goes. */
globalThis[namespace] = {}
const mutants = globalThis[namespace]
/** What `vitest` wants to find before it lets itself be imported outside of one of its own workers. */
globalThis['__vitest_worker__'] = {
  config: { expect: {}, testTimeout: 600_000, hookTimeout: 600_000, sequence: { hooks: 'stack' }, retry: 0 },
  environment: { name: 'node' },
}
// A mutant must not be killed by chance: every property tries the same cases each time.
fc.configureGlobal({ seed: 1 })

const prepared = new Set()
let kills = 0
register()
const tests = await collected()
parentPort.on('message', async (order) => parentPort.postMessage(await run(order)))
parentPort.postMessage('ready')

async function collected() {
  const runner = {
    config: {
      root: process.cwd(),
      testTimeout: 600_000,
      hookTimeout: 600_000,
      sequence: { hooks: 'stack', setupFiles: 'list' },
      setupFiles: [],
      retry: 0,
      includeTaskLocation: false,
      tags: [],
      allowOnly: false,
    },
    importFile: (file) => import(pathToFileURL(file).href),
  }
  const suites = await collectTests(
    files.map((file) => path.resolve(file)),
    runner,
  )
  for (const suite of suites)
    if (suite.result?.state === 'fail') throw new Error(`${suite.name}: ${suite.result.errors[0].message}`)
  const byId = new Map()
  for (const suite of suites) {
    for (const test of testsOf(suite)) {
      // Rows of a table may have one title.
      const title = test.name
      for (let n = 2; byId.has(idOf(test)); n++) test.name = `${title} (${n})`
      test.id = idOf(test)
      byId.set(test.id, test)
    }
  }
  return byId
}

function idOf({ fileName, name }) {
  return `${fileName}#${name}`
}

function testsOf(task, suites = []) {
  if (task.type === 'suite') return task.tasks.flatMap((child) => testsOf(child, [...suites, task]))
  const fileName = task.file.filepath
  const name = [...suites.slice(1).map((suite) => suite.name), task.name].join(' ')
  return task.mode === 'run' && !(slow?.test(name) ?? false)
    ? [{ id: '', name, fileName, suites, task, timeSpentMs: 0, asked: 0, lastKill: 0 }]
    : []
}

/**
 * Runs the tests named until one fails, the most promising first and none any more when `budget` milliseconds of processor time are
 * spent; `isSound` says whether the one that failed holds without the mutant.
 */
async function run({ ids, mutant, hitLimit, budget }) {
  const chosen = ids === undefined ? [...tests.values()] : ids.map((id) => tests.get(id))
  if (mutant !== undefined) {
    for (const test of chosen) test.asked++
    chosen.sort(byPromise)
  }
  Object.assign(mutants, { activeMutant: mutant, hitLimit, hitCount: hitLimit === undefined ? undefined : 0 })
  prepared.clear()
  const start = spent()
  const results = []
  for (const test of chosen) {
    results.push(await outcome(test))
    if (mutant !== undefined && (results.at(-1).failure !== undefined || spent() - start > budget)) break
  }
  const { hitCount, mutantCoverage } = mutants
  Object.assign(mutants, { activeMutant: undefined, hitLimit: undefined, hitCount: undefined, mutantCoverage: undefined })
  prepared.clear()
  const failed = mutant !== undefined && results.find(({ failure }) => failure !== undefined)
  if (failed) tests.get(failed.id).lastKill = ++kills
  const isSound = !failed || (await outcome(tests.get(failed.id))).failure === undefined
  return { results, hitCount, coverage: mutantCoverage, isSound }
}

/** Mutants come in the order of the code: what killed one lately comes first, then what is quick and asked about few. */
function byPromise(a, b) {
  return b.lastKill - a.lastKill || a.timeSpentMs * a.asked - b.timeSpentMs * b.asked
}

/** Milliseconds of processor time: what the machine does besides does not count. */
function spent() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

async function outcome(test) {
  const start = spent()
  let failure
  try {
    for (const suite of test.suites) if (!prepared.has(suite)) await prepare(suite)
    mutants.currentTestId = test.id
    await getFn(test.task)()
  } catch (error) {
    failure = String(error?.message ?? error)
  }
  mutants.currentTestId = undefined
  const timeSpentMs = spent() - start
  if (mutants.activeMutant === undefined) test.timeSpentMs = timeSpentMs
  return { id: test.id, name: test.name, fileName: test.fileName, timeSpentMs, failure }
}

/** Runs a suite's `beforeAll` anew for each mutant: what it prepares is part of what the mutant may change. */
async function prepare(suite) {
  prepared.add(suite)
  const { beforeAll, beforeEach, afterEach, afterAll } = getHooks(suite)
  if (beforeEach.length + afterEach.length + afterAll.length > 0) throw new Error(`${suite.name} has hooks that are not run here`)
  for (const hook of beforeAll) await hook(suite)
}
