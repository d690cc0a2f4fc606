import { L2_BYTES } from '../../abi/index.ts'
import { type ScribbleName, scribbles } from '../entry-words.ts'
import { deviceBaser, l1At, l1Words } from '../scope-ram.ts'
import { moveTable } from '../set-up.ts'
import type { Ground, GuestWrite, Operation } from './operation.ts'

/** What the guest does to its RAM and to GITS_BASER0. */
export function* guestRamOperations(ground: Ground): Generator<Operation> {
  if (ground.has('SCRIBBLE')) yield* scribbled(ground)
  for (const page of ground.model.ram.pages.keys()) {
    if (ground.has('L1 entry comes')) yield pageComes(ground, page)
    if (ground.has('L1 entry goes')) yield pageGoes(ground, page)
  }
  for (const table of ground.model.ram.deviceTables.keys()) {
    if (ground.has('GITS_BASER0 moves')) yield moved(ground, table, true)
    if (ground.has('GITS_BASER0 back')) yield moved(ground, table, false)
  }
}

/** Memory that is no mapped device's ITT belongs to somebody else, who writes what he likes. */
function* scribbled(ground: Ground): Generator<Operation> {
  const { facts, model } = ground
  const { scope, iteAt, ites } = model
  const data: readonly (ScribbleName | 'zero')[] = ['zero', ...(Object.keys(scribbles) as ScribbleName[])]
  for (let area = 0; area < scope.areas; area++) {
    for (let eventId = 0; eventId < scope.events; eventId++) {
      for (const one of data) {
        const code = one === 'zero' ? 0 : ites.codeOf({ scribble: one })
        const writes = [{ at: iteAt[area * scope.events + eventId]!, lo: ites.lo[code]!, hi: ites.hi[code]! }]
        const says = `SCRIBBLE entry ${eventId} of what was ITT ${String.fromCharCode(65 + area)}: ${one}`
        const may = (s: Uint8Array) => !facts.isAreaUsed(s, area) && facts.iteOf(s, area, eventId) !== code
        yield written(ground, 'SCRIBBLE', says, writes, may)
      }
    }
  }
}

function pageComes(ground: Ground, page: number): Operation {
  const { facts, model } = ground
  const inPage = model.dteAt.filter((at) => at >= model.ram.pages[page]! && at < model.ram.pages[page]! + L2_BYTES)
  const writes = [...inPage.map((at) => ({ at, lo: 0, hi: 0 })), { at: l1At(model.ram, page), ...l1Words(model.ram, page, true) }]
  return written(ground, 'L1 entry comes', `L1[${page}] becomes a page of zeros`, writes, (s) => !facts.isPageThere(s, page))
}

function pageGoes(ground: Ground, page: number): Operation {
  const { facts, model } = ground
  const writes = [{ at: l1At(model.ram, page), ...l1Words(model.ram, page, false) }]
  return written(ground, 'L1 entry goes', `L1[${page}] becomes invalid`, writes, (s) => facts.isPageThere(s, page))
}

function written(
  { model: { memory } }: Ground,
  name: Operation['name'],
  says: string,
  writes: readonly GuestWrite[],
  may: Operation['may'],
): Operation {
  const run = (): boolean => {
    for (const { at, lo, hi } of writes) memory.setWord(at, lo, hi)
    return true
  }
  return { name, says, writes, commands: [], may, run }
}

/** By the registers, as a guest does it: whether the devices are forgotten is the kernel's. */
function moved({ model }: Ground, table: number, zeroes: boolean): Operation {
  const { memory, ram, shape } = model
  const perTable = model.dteAt.length / ram.deviceTables.length
  const places = model.dteAt.slice(table * perTable, (table + 1) * perTable)
  const writes = zeroes ? places.map((at) => ({ at, lo: 0, hi: 0 })) : []
  const baser = deviceBaser(ram, table)
  const run = (): boolean => {
    for (const { at, lo, hi } of writes) memory.setWord(at, lo, hi)
    moveTable(model.its, baser)
    return true
  }
  const name = zeroes ? 'GITS_BASER0 moves' : 'GITS_BASER0 back'
  const says = `GITS_BASER0 = table ${table}, ${zeroes ? 'zeroed' : 'as it lies'}`
  return { name, says, writes, commands: [], deviceBaser: baser, may: (s) => s[shape.table] !== table, run }
}
