import { describe, expect, it } from 'vitest'
import { Board } from './testing/board.ts'

function boardOfTwo(): Board {
  const board = new Board({ itses: 2 })
  board.map(0)
  board.map(0, { alloc: false }, 1)
  for (const its of [0, 1]) board.mapEvent(its, 0, 8192 + its, 1023, its)
  return board
}

describe('VMOVP over several ITSes', () => {
  it('moves the vPE when the last ITS of the list has executed its copy, and not before', () => {
    const board = boardOfTwo()
    const copy = { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11 }
    board.send('VMOVP', copy, 1)
    board.enter(2, 0)
    expect(board.hardware.redistributors[2]!.residency.vpe).toBeUndefined()
    board.pendbaser(2, { valid: false })
    board.send('VMOVP', copy, 0)
    board.enter(2, 0)
    for (const its of [0, 1]) board.hardware.itses[its]!.msi(1, its)
    expect(board.takeAll(2)).toEqual([8192, 8193])
  })

  it('loses nothing that comes between the copies', () => {
    const board = boardOfTwo()
    const copy = { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11 }
    board.send('VMOVP', copy, 0)
    for (const its of [0, 1]) expect(board.hardware.itses[its]!.msi(1, its)).toBe(true)
    board.send('VMOVP', copy, 1)
    board.enter(2, 0)
    expect(board.takeAll(2)).toEqual([8192, 8193])
  })

  it('loses the interrupts of an ITS that was left out of the list', () => {
    const board = boardOfTwo()
    board.send('VMOVP', { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b01 }, 0)
    expect(board.hardware.itses[0]!.msi(1, 0)).toBe(true)
    expect(board.hardware.itses[1]!.msi(1, 1)).toBe(false)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'misrouted', its: 1, vpeid: 0, vintid: 8193 })
  })

  it('takes the new default doorbell with it', () => {
    const board = boardOfTwo()
    for (const its of [0, 1]) {
      const doorbell = { doorbellValid: true, defaultDoorbell: 8300 }
      board.send('VMOVP', { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11, ...doorbell }, its)
    }
    board.enter(2, 0)
    board.pendbaser(2, { valid: false, doorbell: true })
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.hostLpis).toEqual([[8300, 2]])
  })

  it.each([
    ['the ITS is not in its own list', { sequence: 1, itsList: 0b10 }, /not in its own ITSList/],
    ['the sequence number belongs to another move', { sequence: 7, rdBase: 3, itsList: 0b11 }, /belongs to another/],
    ['the vPE moves already', { sequence: 8, itsList: 0b11 }, /moves already/],
    ['there is no such redistributor', { sequence: 7, rdBase: 9, itsList: 0b11 }, /no place/],
    ['no ITS maps the vPE', { sequence: 7, vpeid: 3, itsList: 0b11 }, /not mapped/],
  ])('is refused when %s', (_, args, because) => {
    const board = boardOfTwo()
    board.send('VMOVP', { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11 }, 1)
    expect(board.send('VMOVP', { vpeid: 0, rdBase: 2, ...args }, 0)).toBe(false)
    expect(board.hardware.log.events.at(-1)?.says).toMatch(because)
  })

  it('is refused when a copy comes twice to the same ITS', () => {
    const board = boardOfTwo()
    const copy = { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11 }
    expect([board.send('VMOVP', copy, 1), board.send('VMOVP', copy, 1)]).toEqual([true, false])
  })

  it('is refused while the vPE is resident', () => {
    const board = boardOfTwo()
    board.enter(0, 0)
    expect(board.send('VMOVP', { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b01 })).toBe(false)
  })

  it('forgets a meeting whose vPE was unmapped, so that its sequence number can be used again', () => {
    const board = boardOfTwo()
    board.send('VMOVP', { vpeid: 0, rdBase: 2, sequence: 7, itsList: 0b11 }, 0)
    board.unmap(0, { alloc: false }, 0)
    board.unmap(0, {}, 1)
    board.map(0)
    expect(board.send('VMOVP', { vpeid: 0, rdBase: 3, sequence: 7, itsList: 0b01 })).toBe(true)
    board.enter(3, 0)
    expect(board.hardware.redistributors[3]!.residency.vpe?.vpeid).toBe(0)
  })
})

it('needs one VMOVP only where GITS_TYPER.VMOVP is 1', () => {
  const board = new Board({ itses: 2, vmovp: true })
  board.map(0)
  board.map(0, { alloc: false }, 1)
  board.mapEvent(1, 0, 8193, 1023, 1)
  board.send('VMOVP', { vpeid: 0, rdBase: 2 })
  expect(board.hardware.itses[1]!.msi(1, 1)).toBe(true)
  board.enter(2, 0)
  expect(board.takeAll(2)).toEqual([8193])
})
