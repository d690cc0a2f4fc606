import { hex } from '@vits/core/abi'
import { type CaseModel, caseFile, namedAddresses, ownPage, setWord, word } from '../models/case.ts'
import { guestCases } from '../models/guest-cases.ts'
import { type GuestTables, guestTables } from '../models/guest-tables.ts'
import { mutateField } from '../models/layout-words.ts'
import { edgeWord } from '../numbers.ts'
import { askSavedVm } from '../oracles/saved-vm.ts'
import type { Random } from '../random.ts'
import type { Mutator, Target } from '../target.ts'

/** A case with the places of its tables, as they were when it was sound. */
interface TablesModel extends CaseModel {
  readonly places: GuestTables
}

function entry({ places }: TablesModel, random: Random) {
  const table = random.pick(places.tables)
  return { layout: table.layout, at: random.pick(table.at) }
}

const field: Mutator<TablesModel> = (model, random) => {
  const { layout, at } = entry(model, random)
  const was = word(model, at)
  if (was === undefined) return
  const { lo, hi } = mutateField(layout, was, addresses(model, random), random)
  setWord(model, at, lo, hi)
}

/** Where an entry may point: to tables, into them, to an entry itself, or anywhere. */
function addresses(model: TablesModel, random: Random): readonly number[] {
  const { at } = entry(model, random)
  return [...namedAddresses(model), at, at - (at % 256), random.below(2 ** 31)]
}

const anyWord: Mutator<TablesModel> = (model, random) => {
  const value = edgeWord(random)
  setWord(model, entry(model, random).at, Number(value & 0xffff_ffffn), Number(value >> 32n))
}

const copyEntry: Mutator<TablesModel> = (model, random) => {
  const { layout, at } = entry(model, random)
  const same = model.places.tables.filter((table) => table.layout === layout).flatMap((table) => table.at)
  const value = word(model, at)
  if (value !== undefined) setWord(model, random.pick(same) + (random.once(3) ? 8 : 0), value.lo, value.hi)
}

const clearEntry: Mutator<TablesModel> = (model, random) => setWord(model, entry(model, random).at, 0, 0)

/** The same entry in a run of places, as an enemy writes tables. */
const fillWithEntry: Mutator<TablesModel> = (model, random) => {
  const { at } = entry(model, random)
  const value = word(model, at)
  if (value === undefined) return
  const page = ownPage(model, at)
  if (page === undefined) return
  const words = new Uint32Array(page.buffer, page.byteOffset, page.length / 4)
  const first = (at % 4096) / 4
  const end = Math.min(words.length, first + 2 * random.below(2 ** random.below(10)))
  for (let i = first; i < end; i += 2) {
    words[i] = value.lo
    words[i + 1] = value.hi
  }
}

const lpiByte: Mutator<TablesModel> = (model, random) => {
  const at = random.pick(model.places.lpiBytes)
  const page = ownPage(model, at)
  if (page !== undefined) page[at % 4096]! ^= 1 << random.below(8)
}

/** A whole page of tables goes elsewhere, or is not in the file. */
const movePage: Mutator<TablesModel> = (model, random) => {
  const at = entry(model, random).at
  const page = model.pages.get(at - (at % 4096))
  if (page === undefined) return
  if (random.once(2)) model.pages.set(random.pick([...model.pages.keys()]), page)
  else dropPage(model, at - (at % 4096))
}

function dropPage(model: CaseModel, base: number): void {
  model.pages.delete(base)
  model.header.pages = [...model.pages.keys()].map((at) => [hex(at), 1])
}

async function corpus(): Promise<ReadonlyMap<string, () => TablesModel>> {
  const cases = await guestCases()
  return new Map(
    [...cases].flatMap(([name, made]) => {
      const places = guestTables(made())
      return places.tables.length === 0 ? [] : [[name, () => ({ ...made(), places })] as const]
    }),
  )
}

export const tables: Target<TablesModel> = {
  name: 'tables',
  what: 'device, collection and interrupt translation tables, both levels, and LPI tables: fields, addresses, copies, runs of one entry, pages that are not there',
  share: 85,
  corpus,
  mutators: [field, field, field, field, anyWord, copyEntry, copyEntry, clearEntry, fillWithEntry, lpiByte, movePage],
  file: caseFile,
  ask: askSavedVm,
}
