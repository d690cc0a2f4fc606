import { describe, expect, it, test } from 'vitest'
import { GICR_VIRTUAL, GICR_VPENDBASER_V40, GICR_VPENDBASER_V41, GICR_VPROPBASER_V40 } from '../abi/index.ts'
import { Board } from './testing/board.ts'

const DOORBELL = 8200

function boardWithEvents(count = 3): Board {
  const board = new Board()
  board.map(0)
  for (let eventId = 0; eventId < count; eventId++) board.mapEvent(eventId, 0, 8192 + eventId)
  return board
}

describe('a resident vPE', () => {
  it('takes its interrupts without any doorbell, highest priority first', () => {
    const board = boardWithEvents()
    board.configure(8193, 0x21)
    board.enter(0, 0)
    for (const eventId of [0, 1, 2]) board.hardware.itses[0]!.msi(1, eventId)
    expect(board.takeAll(0)).toEqual([8193, 8192, 8194])
    expect(board.hostLpis).toEqual([])
  })

  it('takes nothing while its group is not enabled', () => {
    const board = boardWithEvents()
    board.pendbaser(0, { valid: true, vpeid: 0 })
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.takeAll(0)).toEqual([])
  })

  it('shows Dirty while the table is parsed', () => {
    const board = new Board({ latency: 2 })
    board.map(0)
    board.setRegister(0, GICR_VIRTUAL.VPENDBASER, GICR_VPENDBASER_V41.pack({ valid: true, vpeid: 0 }))
    const reads = [1, 2, 3].map(() => GICR_VPENDBASER_V41.unpack(board.register(0, GICR_VIRTUAL.VPENDBASER)).dirty)
    expect(reads).toEqual([true, true, false])
  })

  test.each`
    why                                    | vpeid | rdBase | prepare
    ${'is not mapped'}                     | ${9}  | ${0}   | ${() => undefined}
    ${'belongs to another redistributor'}  | ${0}  | ${1}   | ${() => undefined}
    ${'runs already, and that one leaves'} | ${1}  | ${0}   | ${(board: Board) => board.enter(0, 0)}
  `('cannot be one that $why', ({ vpeid, rdBase, prepare }) => {
    const board = new Board()
    board.map(0)
    board.map(1, { rdBase: 2 })
    prepare(board)
    board.enter(rdBase, vpeid)
    expect(board.hardware.redistributors[rdBase]!.residency.vpe).toBeUndefined()
    expect(board.hardware.log.count('unpredictable')).toBeGreaterThan(0)
  })
})

describe('a vPE that leaves', () => {
  test.each`
    written                                    | pending  | pendingLast | rings
    ${{ pendingLast: false, doorbell: true }}  | ${false} | ${false}    | ${true}
    ${{ pendingLast: false, doorbell: true }}  | ${true}  | ${true}     | ${false}
    ${{ pendingLast: false, doorbell: false }} | ${false} | ${false}    | ${false}
    ${{ pendingLast: true, doorbell: true }}   | ${false} | ${true}     | ${false}
    ${{ pendingLast: true, doorbell: false }}  | ${false} | ${true}     | ${false}
  `('with $written and pending $pending reads PendingLast $pendingLast; doorbell: $rings', (row) => {
    const board = boardWithEvents()
    board.enter(0, 0)
    if (row.pending) board.hardware.itses[0]!.msi(1, 0)
    expect(board.pendbaser(0, { valid: false, ...row.written }).pendingLast).toBe(row.pendingLast)
    board.hardware.itses[0]!.msi(1, 1)
    expect(board.hostLpis).toEqual(row.rings ? [[DOORBELL, 0]] : [])
  })

  it('rings once, however many interrupts come', () => {
    const board = boardWithEvents()
    board.enter(0, 0)
    board.pendbaser(0, { valid: false, doorbell: true })
    for (const eventId of [0, 1, 2, 0]) board.hardware.itses[0]!.msi(1, eventId)
    expect(board.hostLpis).toEqual([[DOORBELL, 0]])
    expect(board.hardware.log.count('doorbell')).toBe(1)
  })

  it('never rings with doorbell 1023', () => {
    const board = new Board()
    board.map(0, { defaultDoorbell: 1023 })
    board.mapEvent(0, 0, 8192)
    board.enter(0, 0)
    board.pendbaser(0, { valid: false, doorbell: true })
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.hostLpis).toEqual([])
  })

  it('does not ring for an interrupt that is disabled, and does when INV finds it enabled', () => {
    const board = boardWithEvents()
    board.configure(8192, 0xa0)
    board.enter(0, 0)
    board.pendbaser(0, { valid: false, doorbell: true })
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.hostLpis).toEqual([])
    board.configure(8192, 0xa1)
    expect(board.hostLpis).toEqual([])
    board.send('INV', { deviceId: 1, eventId: 0 })
    expect(board.hostLpis).toEqual([[DOORBELL, 0]])
  })

  it('rings late when the doorbell itself is disabled until INVDB', () => {
    const board = boardWithEvents()
    board.configureLpi(DOORBELL, 0xa0)
    board.enter(0, 0)
    board.pendbaser(0, { valid: false, doorbell: true })
    board.hardware.itses[0]!.msi(1, 0)
    board.configureLpi(DOORBELL, 0xa1)
    expect(board.hostLpis).toEqual([])
    board.send('INVDB', { vpeid: 0 })
    expect(board.hostLpis).toEqual([[DOORBELL, 0]])
  })
})

describe('the configuration of a vLPI', () => {
  test.each`
    how               | invalidate
    ${'INV'}          | ${(board: Board) => board.send('INV', { deviceId: 1, eventId: 0 })}
    ${'VINVALL'}      | ${(board: Board) => board.send('VINVALL', { vpeid: 0 })}
    ${'GICR_INVLPIR'} | ${(board: Board) => board.setRegister(0, 0xa0, (1n << 63n) | 8192n)}
    ${'GICR_INVALLR'} | ${(board: Board) => board.setRegister(0, 0xb0, 1n << 63n)}
  `('is read once and again after $how', ({ invalidate }) => {
    const board = boardWithEvents()
    board.configure(8192, 0xa0)
    board.enter(0, 0)
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.takeAll(0)).toEqual([])
    board.configure(8192, 0xa1)
    expect(board.takeAll(0)).toEqual([])
    invalidate(board)
    expect(board.takeAll(0)).toEqual([8192])
  })
})

describe('GICv4.0', () => {
  function board40(): Board {
    const board = new Board({ version: 'GICv4.0', latency: 0 })
    board.map(0)
    board.mapEvent(0, 0, 8192, DOORBELL)
    board.mapEvent(1, 0, 8193)
    board.setRegister(0, GICR_VIRTUAL.VPROPBASER, GICR_VPROPBASER_V40.pack({ address: 0x40000, idBits: 15 }))
    return board
  }
  const enter = (board: Board) =>
    board.setRegister(0, GICR_VIRTUAL.VPENDBASER, GICR_VPENDBASER_V40.pack({ valid: true, address: board.vptAddr(0) }))

  it('rings the doorbell of the event, not of the vPE, and only when the bit was not set', () => {
    const board = board40()
    board.hardware.itses[0]!.msi(1, 1)
    expect(board.hostLpis).toEqual([])
    board.hardware.itses[0]!.msi(1, 0)
    board.hardware.itses[0]!.msi(1, 0)
    expect(board.hostLpis).toEqual([[DOORBELL, 0]])
  })

  it('finds the vPE by its pending table and says on leaving what is pending', () => {
    const board = board40()
    enter(board)
    board.hardware.itses[0]!.msi(1, 0)
    board.setRegister(0, GICR_VIRTUAL.VPENDBASER, 0n)
    expect(GICR_VPENDBASER_V40.unpack(board.register(0, GICR_VIRTUAL.VPENDBASER)).pendingLast).toBe(true)
    enter(board)
    expect(board.takeAll(0)).toEqual([8192])
    expect(board.hostLpis).toEqual([])
  })
})
