import { describe, expect, it } from 'vitest'
import { GICR_VIRTUAL, GICR_VSGIPENDR, GITS_SGIR, GITS_VIRTUAL } from '../abi/index.ts'
import { Board } from './testing/board.ts'

function boardWithSgis(): Board {
  const board = new Board()
  board.map(0)
  for (const vsgi of [1, 5]) board.send('VSGI', { vpeid: 0, vsgi, enable: true, group: true, priority: 0x20 * vsgi })
  return board
}

const raise = (board: Board, vintid: number, vpeid = 0) =>
  board.hardware.itses[0]!.write(GITS_VIRTUAL.SGIR, GITS_SGIR.pack({ vpeid, vintid }))

function pendingSgis(board: Board, vpeid: number): number {
  board.setRegister(3, GICR_VIRTUAL.VSGIR, BigInt(vpeid))
  for (;;) {
    const { busy, pending } = GICR_VSGIPENDR.unpack(board.register(3, GICR_VIRTUAL.VSGIPENDR))
    if (!busy) return pending
  }
}

describe('a virtual SGI', () => {
  it('is raised by GITS_SGIR and shown by GICR_VSGIPENDR of any redistributor', () => {
    const board = boardWithSgis()
    raise(board, 5)
    raise(board, 9)
    expect(pendingSgis(board, 0)).toBe((1 << 5) | (1 << 9))
  })

  it('shows Busy until the answer is there', () => {
    const board = boardWithSgis()
    board.setRegister(0, GICR_VIRTUAL.VSGIR, 0n)
    expect(GICR_VSGIPENDR.unpack(board.register(0, GICR_VIRTUAL.VSGIPENDR))).toEqual({ busy: true, pending: 0 })
  })

  it('is taken when enabled, by priority, before a vLPI of lower priority', () => {
    const board = boardWithSgis()
    board.mapEvent(0, 0, 8192)
    board.configure(8192, 0x81)
    board.enter(0, 0)
    board.hardware.itses[0]!.msi(1, 0)
    for (const vsgi of [5, 9, 1]) raise(board, vsgi)
    expect(board.takeAll(0)).toEqual([1, 8192, 5])
    expect(pendingSgis(board, 0)).toBe(1 << 9)
  })

  it('keeps its pending bit when it is configured, and its configuration when it is cleared', () => {
    const board = boardWithSgis()
    raise(board, 5)
    board.send('VSGI', { vpeid: 0, vsgi: 5, enable: false, group: true, priority: 0x30 })
    expect(pendingSgis(board, 0)).toBe(1 << 5)
    board.send('VSGI', { vpeid: 0, vsgi: 1, clear: true })
    board.enter(0, 0)
    raise(board, 1)
    expect(board.takeAll(0)).toEqual([1])
  })

  it('survives unmap and map with its configuration', () => {
    const board = boardWithSgis()
    raise(board, 5)
    board.unmap(0)
    board.map(0)
    expect(pendingSgis(board, 0)).toBe(1 << 5)
    board.enter(0, 0)
    expect(board.takeAll(0)).toEqual([5])
  })

  it('cannot be asked for while the vPE is unmapped: the answer means nothing and the log says so', () => {
    const board = boardWithSgis()
    raise(board, 5)
    board.unmap(0)
    expect(pendingSgis(board, 0)).toBe(0)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'unpredictable', vpeid: 0 })
  })

  it('that comes while the vPE is unmapped is lost', () => {
    const board = boardWithSgis()
    board.unmap(0)
    raise(board, 5)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'lost', vpeid: 0, vintid: 5 })
    board.map(0)
    expect(pendingSgis(board, 0)).toBe(0)
  })

  it('rings the doorbell of a vPE that waits', () => {
    const board = boardWithSgis()
    board.enter(0, 0)
    board.pendbaser(0, { valid: false, doorbell: true })
    raise(board, 9)
    expect(board.hostLpis).toEqual([])
    raise(board, 5)
    expect(board.hostLpis).toEqual([[8200, 0]])
  })
})
