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
  /** The save as it was did not restore, and this is whether the repaired one did. */
  readonly rescued?: boolean
  readonly seconds: number
}

/** How the file ends that holds the truth of a save. */
export const TRUTH = '.truth.json'
/** How a save ends, whole or as the case that `vits extract` makes of it. */
const SAVES = ['.mig', '.vits']

interface Question {
  readonly file: string
  readonly truth: Truth
  readonly repairInto: string
}

/** What vits says of a save, what it repairs, and whether that is right. */
export function ask({ file, truth, repairInto }: Question): Pick<Row, 'verdict' | 'said' | 'repaired'> {
  const said = vitsSays(file)
  const repaired = said.read && said.exit !== 0 ? vitsRepairs(file, repairInto) : undefined
  return { verdict: judge(truth, said, repaired), said, ...(repaired && { repaired }) }
}

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
      const asked = ask({ file: `${folder}/${save}`, truth, repairInto: `${repairs}/${save}` })
      yield { name, truth, ...asked, seconds: (performance.now() - start) / 1000 }
    }
  } finally {
    rmSync(repairs, { recursive: true })
  }
}
