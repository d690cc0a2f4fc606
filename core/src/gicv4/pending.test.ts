import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { PendingBits } from './pending-bits.ts'
import { Board } from './testing/board.ts'

describe('the pending state of a mapped vPE', () => {
  it('is in the hardware and not in memory until the vPE is unmapped', () => {
    const board = new Board()
    board.map(0)
    board.mapEvent(3, 0, 8195)
    board.hardware.itses[0]!.msi(1, 3)
    expect(board.bitInMemory(0, 8195)).toBe(false)
    board.unmap(0)
    expect(board.bitInMemory(0, 8195)).toBe(true)
  })

  it('leaves a stale bit in memory when the guest takes an interrupt that memory still shows', () => {
    const board = new Board()
    board.memory.setU8((board.vptAddr(0) + 8195 / 8 - (8195 % 8) / 8) as Gpa, 1 << (8195 % 8))
    board.map(0)
    board.enter(0, 0)
    expect(board.takeAll(0)).toEqual([8195])
    expect(board.bitInMemory(0, 8195)).toBe(true)
    board.pendbaser(0, { valid: false, pendingLast: true })
    board.unmap(0)
    expect(board.bitInMemory(0, 8195)).toBe(false)
  })

  it('comes back with the next map, because PTZ is 0', () => {
    const board = new Board()
    board.map(0)
    board.mapEvent(3, 0, 8195)
    board.hardware.itses[0]!.msi(1, 3)
    board.unmap(0)
    board.map(0)
    board.enter(0, 0)
    expect(board.takeAll(0)).toEqual([8195])
  })

  it('is lost when the table is mapped with PTZ though it holds bits, and the log says so', () => {
    const board = new Board()
    board.map(0)
    board.mapEvent(3, 0, 8195)
    board.hardware.itses[0]!.msi(1, 3)
    board.unmap(0)
    board.map(0, { ptz: true })
    expect(board.hardware.log.count('lost')).toBe(1)
    board.enter(0, 0)
    expect(board.takeAll(0)).toEqual([])
  })

  it('is lost when the last unmap comes without Alloc', () => {
    const board = new Board()
    board.map(0)
    board.mapEvent(3, 0, 8195)
    board.hardware.itses[0]!.msi(1, 3)
    board.unmap(0, { alloc: false })
    expect(board.bitInMemory(0, 8195)).toBe(false)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'lost', vpeid: 0 })
  })

  it('is not taken from the bytes below INTID 8192, which are the own area of the hardware', () => {
    const board = new Board()
    board.memory.fill((board.vptAddr(0) + 16) as Gpa, 1008, 0xff)
    board.map(0)
    board.enter(0, 0)
    expect(board.takeAll(0)).toEqual([])
    board.pendbaser(0, { valid: false, pendingLast: true })
    board.unmap(0)
    expect([...board.memory.read((board.vptAddr(0) + 1024) as Gpa, 7168)].some((byte) => byte !== 0)).toBe(false)
  })

  it('on GICv4.0 is in memory only after the VSYNC that follows the unmap', () => {
    const board = new Board({ version: 'GICv4.0' })
    board.map(0)
    board.mapEvent(3, 0, 8195)
    board.hardware.itses[0]!.msi(1, 3)
    board.unmap(0)
    expect(board.bitInMemory(0, 8195)).toBe(false)
    board.send('VSYNC', { vpeid: 0 })
    expect(board.bitInMemory(0, 8195)).toBe(true)
  })
})

describe('an interrupt', () => {
  test.each`
    why                                   | prepare                                                           | says
    ${'its vPE was never mapped'}         | ${(board: Board) => board.mapEvent(0, 5, 8192)}                   | ${/not mapped/}
    ${'its vPE is unmapped for a moment'} | ${(board: Board) => board.mapEvent(0, 0, 8192) && board.unmap(0)} | ${/not quiesced/}
    ${'its vINTID is outside the table'}  | ${(board: Board) => board.mapEvent(0, 0, 70000)}                  | ${/outside the pending table/}
    ${'its event is not mapped'}          | ${(board: Board) => board.mapEvent(1, 0, 8192)}                   | ${/EventID 0/}
    ${'its device is not mapped'}         | ${() => undefined}                                                | ${/DeviceID 1/}
  `('is lost and the log says so when $why', ({ prepare, says }) => {
    const board = new Board()
    board.map(0)
    prepare(board)
    expect(board.hardware.itses[0]!.msi(1, 0)).toBe(false)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'lost', says: expect.stringMatching(says) })
  })

  it('that the host has not given away reaches the host as a physical LPI', () => {
    const board = new Board()
    board.send('MAPD', { deviceId: 1, size: 4, ittAddr: 0, valid: true })
    board.send('MAPC', { icid: 2, rdBase: 3, valid: true })
    board.send('MAPTI', { deviceId: 1, eventId: 0, pintid: 9000, icid: 2 })
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.hostLpis).toEqual([[9000, 3]])
  })
})

it('keeps any set of bits through unmap and map, and finds them in order', () => {
  const vintids = fc.uniqueArray(fc.integer({ min: 8192, max: 65535 }), { maxLength: 60 })
  fc.assert(
    fc.property(vintids, (set) => {
      const memory = new GuestMemory([{ base: 0 as Gpa, bytes: 0x10000 }])
      const before = new PendingBits(16)
      for (const vintid of set) before.set(vintid)
      before.store(memory, 0 as Gpa)
      const after = new PendingBits(16)
      after.load(memory, 0 as Gpa)
      const found: number[] = []
      for (let vintid = after.next(8192); vintid >= 0; vintid = after.next(vintid + 1)) found.push(vintid)
      expect(found).toEqual([...set].sort((a, b) => a - b))
    }),
    { numRuns: 50 },
  )
})
