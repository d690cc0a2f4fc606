import { type CaseModel, caseFile, namedAddresses, ownPage, setWord, word } from '../models/case.ts'
import { kernelCases } from '../models/guest-cases.ts'
import { edgeNumber, edgeWord } from '../numbers.ts'
import { askGuestKernel } from '../oracles/saved-vm.ts'
import type { Mutator, Target } from '../target.ts'

/** A case with the words that the guest's kernel wrote. */
interface KernelModel extends CaseModel {
  readonly words: readonly number[]
}

/** Where the planted kernel has its structures; below it are the ITS's own tables. */
const HEAP = 0x4300_0000

const isPointer = (hi: number) => hi >>> 16 === 0xffff

/** A pointer to another structure, beside one, to itself, or out of RAM. */
const pointer: Mutator<KernelModel> = (model, random) => {
  const at = random.pick(model.words)
  const was = word(model, at)
  if (was === undefined) return
  const other = word(model, random.pick(model.words))
  const to = random.pick([other?.lo ?? 0, was.lo + 8 * (random.below(33) - 16), at - 0x4000_0000, edgeNumber(random, 32)])
  setWord(model, at, to >>> 0, isPointer(was.hi) || random.once(2) ? 0xffff_0000 : was.hi)
}

const copyWord: Mutator<KernelModel> = (model, random) => {
  const value = word(model, random.pick(model.words))
  if (value !== undefined) setWord(model, random.pick(model.words), value.lo, value.hi)
}

const anyWord: Mutator<KernelModel> = (model, random) => {
  const value = edgeWord(random)
  setWord(model, random.pick(model.words), Number(value & 0xffff_ffffn), Number(value >> 32n))
}

const half: Mutator<KernelModel> = (model, random) => {
  const at = random.pick(model.words)
  const was = word(model, at)
  if (was !== undefined) setWord(model, at, edgeNumber(random, 32), random.once(2) ? edgeNumber(random, 32) : was.hi)
}

const byte: Mutator<KernelModel> = (model, random) => {
  const at = random.pick(model.words) + random.below(8)
  const page = ownPage(model, at)
  if (page !== undefined) page[at % 4096] = random.once(2) ? page[at % 4096]! ^ (1 << random.below(8)) : random.below(256)
}

/** Another register: what the structures are told apart by. */
const register: Mutator<KernelModel> = (model, random) => {
  const its = random.pick(model.header.registers.itses)
  const to = random.pick(namedAddresses(model))
  if (random.once(2)) its.cwriter = `0x${(32 * random.below(130)).toString(16)}`
  else
    its.baser[random.below(2)] =
      `0x${(BigInt(its.baser[random.below(2)]!) ^ BigInt(random.once(2) ? to : random.below(256))).toString(16)}`
}

function wordsOf(model: CaseModel): number[] {
  const found: number[] = []
  for (const base of model.pages.keys()) {
    if (base < HEAP) continue
    for (let at = base; at < base + 4096; at += 8) {
      const { lo, hi } = word(model, at)!
      if (lo !== 0 || hi !== 0) found.push(at)
    }
  }
  return found
}

async function corpus(): Promise<ReadonlyMap<string, () => KernelModel>> {
  const cases = await kernelCases()
  return new Map(
    [...cases].map(([name, made]) => {
      const words = wordsOf(made())
      return [name, () => ({ ...made(), words })]
    }),
  )
}

export const guestKernel: Target<KernelModel> = {
  name: 'guest kernel',
  what: 'the structures of a Linux guest’s ITS driver and its BTF: pointers, lists, counts',
  share: 25,
  corpus,
  mutators: [pointer, pointer, pointer, copyWord, anyWord, half, byte, byte, register],
  file: caseFile,
  ask: askGuestKernel,
}
