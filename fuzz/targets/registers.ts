import {
  GICR_CTLR,
  GICR_PENDBASER,
  GICR_PROPBASER,
  GITS_BASER,
  GITS_CBASER,
  GITS_CREADR,
  GITS_CTLR,
  GITS_CWRITER,
  hex,
} from '@vits/core/abi'
import { type CaseModel, caseFile, namedAddresses } from '../models/case.ts'
import { guestCases } from '../models/guest-cases.ts'
import { mutateRegister } from '../models/layout-words.ts'
import { edgeNumber, edgeWord } from '../numbers.ts'
import { askSavedVm } from '../oracles/saved-vm.ts'
import type { Mutator, Target } from '../target.ts'

const its: Mutator<CaseModel> = (model, random) => {
  const one = random.pick(model.header.registers.itses)
  const addresses = namedAddresses(model)
  const [name, layout] = random.pick([
    ['cbaser', GITS_CBASER],
    ['cwriter', GITS_CWRITER],
    ['creadr', GITS_CREADR],
  ] as const)
  one[name] = random.once(4) ? hex(edgeWord(random)) : mutateRegister(layout, one[name], addresses, random)
}

const baser: Mutator<CaseModel> = (model, random) => {
  const { baser: words } = random.pick(model.header.registers.itses)
  const n = random.once(4) ? random.below(words.length) : random.below(2)
  words[n] = random.once(6) ? hex(edgeWord(random)) : mutateRegister(GITS_BASER, words[n]!, namedAddresses(model), random)
}

const swapBasers: Mutator<CaseModel> = (model, random) => {
  const { baser: words } = random.pick(model.header.registers.itses)
  const [a, b] = [random.below(words.length), random.below(3)]
  words[b] = words[a]!
}

const redistributor: Mutator<CaseModel> = (model, random) => {
  const one = random.pick(model.header.registers.redistributors)
  const [name, layout] = random.pick([
    ['propbaser', GICR_PROPBASER],
    ['pendbaser', GICR_PENDBASER],
  ] as const)
  one[name] = random.once(6) ? hex(edgeWord(random)) : mutateRegister(layout, one[name], namedAddresses(model), random)
}

const controls: Mutator<CaseModel> = (model, random) => {
  const { itses, redistributors } = model.header.registers
  const one = random.once(2) ? random.pick(itses) : random.pick(redistributors)
  const layout = 'baser' in one ? GITS_CTLR : GICR_CTLR
  one.ctlr = random.once(2) ? edgeNumber(random, 32) : Number(mutateRegister(layout, hex(one.ctlr), [], random)) % 2 ** 32
}

/** More ITSes and vCPUs: copies of those that are there, elsewhere. */
const more: Mutator<CaseModel> = ({ header: { registers } }, random) => {
  const count = random.few(5) ** 2
  for (let i = 0; i < count; i++) {
    if (random.once(2)) {
      const base = hex(0x0a00_0000 + (registers.itses.length + i) * 0x2_0000)
      registers.itses.push({ ...structuredClone(random.pick(registers.itses)), base })
    } else
      registers.redistributors.push({ ...random.pick(registers.redistributors), vcpuId: registers.redistributors.length + i })
  }
}

/** Another number of vCPU, and RAM of another shape. */
const machine: Mutator<CaseModel> = ({ header }, random) => {
  if (random.once(2)) random.pick(header.registers.redistributors).vcpuId = edgeNumber(random, random.pick([9, 16, 32]))
  else {
    const range = random.pick(header.ranges)
    range[1] = Math.max(1, random.once(2) ? edgeNumber(random, 20) : range[1] - random.below(8))
  }
}

export const registers: Target<CaseModel> = {
  name: 'registers',
  what: 'ITS and redistributor registers: fields, addresses that name each other’s tables, more ITSes and vCPUs, RAM of another size',
  share: 45,
  corpus: guestCases,
  mutators: [its, its, baser, baser, baser, swapBasers, redistributor, redistributor, controls, more, machine],
  file: caseFile,
  ask: askSavedVm,
}
