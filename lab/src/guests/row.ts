import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { parseTruth, type Truth } from './truth.ts'
import { judge, type Verdict } from './verdict.ts'
import { type Repaired, type Said, vitsRepairs, vitsSays } from './vits.ts'

/** What one save of a guest came to. */
export interface Row {
  /** MACHINE-NUMBER-EVENT: also the name of its files. */
  readonly name: string
  readonly verdict: Verdict
  readonly truth?: Truth
  readonly said?: Said
  readonly repaired?: Repaired
  readonly seconds: number
}

/** How the file ends that holds the truth of a save. */
export const TRUTH = '.truth.json'
/** How a save ends, whole or as the case that `vits extract` makes of it. */
const SAVES = ['.mig', '.vits']

/** What vits says of a save, and what it repairs. */
export interface Asked {
  readonly said: Said
  readonly repaired?: Repaired
}

/** Asks vits about a save, without a word of what is true of it. */
export function ask(file: string, repairInto: string): Asked {
  const said = vitsSays(file)
  return said.read ? { said, repaired: vitsRepairs(file, repairInto) } : { said }
}

/** Holds what vits says against what is true. */
export const judged = (truth: Truth, asked: Asked): Pick<Row, 'truth' | 'verdict' | 'said' | 'repaired'> => ({
  truth,
  ...asked,
  verdict: judge(truth, asked.said, asked.repaired),
})

/** Asks vits about the saves that a run left in a folder, by what was found to be true then: nothing is booted. */
export function* askAgain(folder: string): Generator<Row> {
  const repairs = mkdtempSync(`${tmpdir()}/vits-guests-`)
  try {
    const files = readdirSync(folder).sort()
    for (const name of files.flatMap((file) => (file.endsWith(TRUTH) ? [file.slice(0, -TRUTH.length)] : []))) {
      const save = files.find((file) => SAVES.some((suffix) => file === `${name}${suffix}`))
      if (save === undefined) continue
      const start = performance.now()
      const truth = parseTruth(readFileSync(`${folder}/${name}${TRUTH}`, 'utf8'))
      const asked = ask(`${folder}/${save}`, `${repairs}/${save}`)
      yield { name, ...judged(truth, asked), seconds: (performance.now() - start) / 1000 }
    }
  } finally {
    rmSync(repairs, { recursive: true })
  }
}
