import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { hex } from '@vits/core/abi'
import { type CaseModel, caseFile, caseModels } from '../models/case.ts'
import { guestCases, ringCases } from '../models/guest-cases.ts'
import { mutateJson } from '../models/json.ts'
import { edgeNumber } from '../numbers.ts'
import { askFile } from '../oracles/saved-vm.ts'
import type { Mutator, Target } from '../target.ts'

const member: Mutator<CaseModel> = ({ header }, random) => mutateJson(header, random)

/** Runs of pages: more of them, in another order, elsewhere, longer. */
const runs: Mutator<CaseModel> = ({ header }, random) => {
  const name = random.pick(['ranges', 'pages', 'zeros', 'unlocated'])
  const list = header[name]
  if (!Array.isArray(list)) return
  const [base, count] = [
    hex(4096 * edgeNumber(random, random.pick([20, 32, 40]))),
    edgeNumber(random, random.pick([4, 12, 24, 32])),
  ]
  switch (random.below(4)) {
    case 0:
      return void list.push([base, count])
    case 1:
      return void list.splice(random.below(list.length + 1), 0, [base, 1 + (count % 64)])
    case 2:
      return void list.reverse()
    default: {
      const run = list[random.below(Math.max(1, list.length))]
      if (Array.isArray(run)) run[1] = random.once(2) ? count : run[1] + random.below(3) - 1
    }
  }
}

/** Thousands of short runs, as a guest's RAM never is. */
const manyRuns: Mutator<CaseModel> = ({ header }, random) => {
  const first = 2 ** 36 + 4096 * random.below(2 ** 20)
  const many = Array.from({ length: random.few(6) ** 4 }, (_, i): [string, number] => [hex(first + i * 8192), 1])
  const name = random.pick(['ranges', 'zeros', 'unlocated'] as const)
  const list = header[name]
  if (Array.isArray(list)) list.push(...many)
}

const frame: Mutator<CaseModel> = (model, random) => {
  if (random.once(2)) model.version = random.pick([0, 1, 2, 3, edgeNumber(random, 32)])
  else model.headerBytes = edgeNumber(random, 32)
}

const page: Mutator<CaseModel> = ({ pages }, random) => {
  if (pages.size === 0) return
  const base = random.pick([...pages.keys()])
  if (random.once(2)) pages.delete(base)
  else pages.set(random.pick([...pages.keys()]), pages.get(base)!)
}

const firstVersion = new URL('../../fixtures/saved/case-version-1.vits', import.meta.url)

export const cases: Target<CaseModel> = {
  name: 'cases',
  what: 'case files: every member of the header, runs of pages, versions, lengths, pages that are missing or twice',
  share: 140,
  corpus: async () =>
    new Map([
      ...(await guestCases()),
      ...(await ringCases()),
      ['saved/case-version-1', caseModels(new Uint8Array(gunzipSync(readFileSync(firstVersion))))],
    ]),
  mutators: [member, member, member, member, runs, runs, manyRuns, frame, page],
  file: caseFile,
  ask: askFile,
}
