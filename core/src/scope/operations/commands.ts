import { type CommandName, encodeCommand, FIRST_LPI, L2_ENTRIES, type Operands } from '../../abi/index.ts'
import { commandHandlers } from '../../its/index.ts'
import { type Gpa, isKvmError } from '../../memory/index.ts'
import { eventIdBits } from '../entry-words.ts'
import type { OperationName } from '../operation-names.ts'
import type { Ground, GuestWrite, Operation } from './operation.ts'

/** The operations that are commands of the guest. */
export function* commandOperations(ground: Ground): Generator<Operation> {
  yield* collectionCommands(ground)
  const { deviceIds } = ground.model.scope
  for (const device of deviceIds.keys()) {
    yield* deviceCommands(ground, device)
    for (let eventId = 0; eventId < ground.model.scope.events; eventId++) yield* eventCommands(ground, device, eventId)
  }
}

const letter = (area: number): string => String.fromCharCode(65 + area)

function* collectionCommands(ground: Ground): Generator<Operation> {
  const { facts, guest, model, has } = ground
  const { collections, vcpus } = model.scope
  for (let icid = 0; icid < collections; icid++) {
    for (let vcpu = 0; vcpu < vcpus; vcpu++) {
      const command = operand(ground, 'MAPC', { icid, rdBase: vcpu, valid: true })
      const says = `MAPC ICID ${icid} to vCPU ${vcpu}`
      if (has('MAPC')) yield command('MAPC', says, (s) => facts.targetOf(s, icid) < 0)
      if (has('MAPC again')) {
        yield command('MAPC again', says, (s) => facts.targetOf(s, icid) >= 0 && facts.targetOf(s, icid) !== vcpu)
      }
    }
    if (!has('MAPC V=0')) continue
    const may = (s: Uint8Array) => facts.targetOf(s, icid) > -2 && (guest.anything || !facts.isIcidUsed(s, icid))
    yield operand(ground, 'MAPC', { icid, valid: false })('MAPC V=0', `MAPC ICID ${icid} V=0`, may)
  }
  if (!has('MOVALL')) return
  for (let from = 0; from < vcpus; from++) {
    for (let to = 0; to < vcpus; to++) {
      if (from === to) continue
      yield operand(ground, 'MOVALL', { rdBase: from, rdBase2: to })('MOVALL', `MOVALL vCPU ${from} to vCPU ${to}`, () => true)
    }
  }
}

function* deviceCommands(ground: Ground, device: number): Generator<Operation> {
  const { facts, guest, model, has } = ground
  const { scope, ram } = model
  const deviceId = scope.deviceIds[device]!
  const page = Math.floor(deviceId / L2_ENTRIES)
  for (let area = 0; area < scope.areas && has('MAPD'); area++) {
    const ittAddr = ram.itts[area]!
    const writes = guest.zeroesItts ? zeroedItt(ground, area) : []
    const may = (s: Uint8Array) =>
      guest.anything || (facts.areaOf(s, device) < 0 && !facts.isAreaUsed(s, area) && facts.isPageThere(s, page))
    const command = operand(ground, 'MAPD', { deviceId, size: eventIdBits(scope) - 1, ittAddr, valid: true }, writes)
    yield command('MAPD', `MAPD DeviceID ${deviceId} ITT ${letter(area)}`, may)
  }
  if (!has('MAPD V=0')) return
  const may = (s: Uint8Array) =>
    guest.anything || (facts.areaOf(s, device) >= 0 && !(guest.discardsFirst && facts.hasEvents(s, device)))
  yield operand(ground, 'MAPD', { deviceId, valid: false })('MAPD V=0', `MAPD DeviceID ${deviceId} V=0`, may)
}

function zeroedItt({ model }: Ground, area: number): GuestWrite[] {
  const { iteAt, scope } = model
  return iteAt.slice(area * scope.events, (area + 1) * scope.events).map((at: Gpa) => ({ at, lo: 0, hi: 0 }))
}

function* eventCommands(ground: Ground, device: number, eventId: number): Generator<Operation> {
  const { facts, guest, model, has } = ground
  const { scope, codes } = model
  const deviceId = scope.deviceIds[device]!
  const event = { deviceId, eventId }
  const name = `DeviceID ${deviceId} EventID ${eventId}`
  const isMapped = (s: Uint8Array) => facts.eventOf(s, device, eventId) !== 0
  for (let icid = 0; icid < scope.collections; icid++) {
    const isTarget = (s: Uint8Array) => facts.targetOf(s, icid) >= 0
    for (let lpi = 0; lpi < scope.lpis && has('MAPTI'); lpi++) {
      const may = (s: Uint8Array) =>
        facts.areaOf(s, device) >= 0 && !isMapped(s) && (guest.anything || (isTarget(s) && !facts.isLpiUsed(s, lpi)))
      const pintid = FIRST_LPI + lpi
      yield operand(ground, 'MAPTI', { ...event, pintid, icid })('MAPTI', `MAPTI ${name} LPI ${pintid} ICID ${icid}`, may)
    }
    if (!has('MOVI')) continue
    const isElsewhere = (s: Uint8Array) => codes.eventIcidOf(facts.eventOf(s, device, eventId)) !== icid
    const may = (s: Uint8Array) => isMapped(s) && isElsewhere(s) && isTarget(s)
    yield operand(ground, 'MOVI', { ...event, icid })('MOVI', `MOVI ${name} ICID ${icid}`, may)
  }
  for (const one of ['DISCARD', 'INT', 'CLEAR'] as const)
    if (has(one)) yield operand(ground, one, event)(one, `${one} ${name}`, isMapped)
}

/** An operation that is one command, after stores to RAM. */
function operand<N extends CommandName>(
  { model }: Ground,
  command: N,
  operands: Partial<Operands<N>>,
  writes: readonly GuestWrite[] = [],
): (name: OperationName, says: string, may: Operation['may']) => Operation {
  const words = encodeCommand(command, operands)
  const inRam = new Int32Array(words.buffer)
  const handler = commandHandlers[inRam[0]! & 0xff]!
  const { memory } = model
  const run = (): boolean => {
    for (const { at, lo, hi } of writes) memory.setWord(at, lo, hi)
    try {
      handler(model.its, inRam, 0)
    } catch (error) {
      if (!isKvmError(error)) throw error
    }
    return true
  }
  return (name, says, may) => ({ name, says, writes, commands: [words], may, run })
}
