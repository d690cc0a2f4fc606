// A test runner for Stryker that keeps the tests loaded: vitest would take a second to start for each mutant.
import { Worker } from 'node:worker_threads'
import { commonTokens, declareClassPlugin, PluginKind } from '@stryker-mutator/api/plugin'
import {
  DryRunStatus,
  determineHitLimitReached,
  MutantRunStatus,
  TestStatus,
  toMutantRunResult,
} from '@stryker-mutator/api/test-runner'

/** Milliseconds of processor time after which a mutant that no test has found is asked no more tests. */
const BUDGET = 3000
/** And those after which it hangs. */
const LIMIT = 9000

class ResidentRunner {
  static inject = [commonTokens.options]
  #files
  #slow
  #deadline
  #worker
  #watch

  constructor({ resident: { tests, slow, deadline = Number.POSITIVE_INFINITY } }) {
    this.#files = tests
    this.#slow = slow === undefined ? undefined : new RegExp(slow)
    this.#deadline = deadline
  }

  capabilities() {
    return { reloadEnvironment: false }
  }

  async init() {
    await this.#start()
  }

  async dryRun() {
    const { results, coverage } = await this.#run({})
    return { status: DryRunStatus.Complete, tests: results.map(asTest), mutantCoverage: coverage }
  }

  async mutantRun({ activeMutant, hitLimit, testFilter }) {
    if (Date.now() > this.#deadline) return { status: MutantRunStatus.Error, errorMessage: 'time is up' }
    const order = { mutant: activeMutant.id, hitLimit, ids: testFilter, budget: BUDGET }
    let answer = await this.#run(order)
    if (answer?.isSound === false) {
      // What an earlier mutant left behind failed the test, or this one left something: asked again of fresh modules.
      await this.#restart()
      answer = await this.#run(order)
    }
    if (!answer?.isSound) await this.#restart()
    if (answer === undefined) return { status: MutantRunStatus.Timeout, reason: `more than ${LIMIT} ms of processor time` }
    const limitReached = determineHitLimitReached(answer.hitCount, hitLimit)
    return toMutantRunResult(limitReached ?? { status: DryRunStatus.Complete, tests: answer.results.map(asTest) })
  }

  async dispose() {
    await this.#worker?.terminate()
  }

  async #restart() {
    await this.#worker.terminate()
    await this.#start()
  }

  async #start() {
    const workerData = { files: this.#files, slow: this.#slow, namespace: '__stryker__' }
    this.#worker = new Worker(new URL('./resident-tests.mjs', import.meta.url), { workerData })
    await this.#answer()
  }

  /** The answer of the thread; undefined when a mutant has it work longer than any test takes. */
  #run(order) {
    this.#worker.postMessage(order)
    return order.mutant === undefined ? this.#answer() : Promise.race([this.#answer(), this.#overrun()])
  }

  #answer() {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject)
      this.#worker.once('message', (answer) => {
        clearInterval(this.#watch)
        this.#worker.off('error', reject)
        resolve(answer)
      })
    })
  }

  #overrun() {
    const start = process.cpuUsage()
    return new Promise((resolve) => {
      this.#watch = setInterval(() => {
        const { user, system } = process.cpuUsage(start)
        if ((user + system) / 1000 < LIMIT) return
        clearInterval(this.#watch)
        resolve(undefined)
      }, 100)
    })
  }
}

function asTest({ failure, ...test }) {
  return failure === undefined
    ? { ...test, status: TestStatus.Success }
    : { ...test, status: TestStatus.Failed, failureMessage: failure }
}

export const strykerPlugins = [declareClassPlugin(PluginKind.TestRunner, 'resident', ResidentRunner)]
