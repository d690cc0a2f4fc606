import { describe, expect, it, test } from 'vitest'
import { GICR_VIRTUAL, GICR_VPROPBASER_V41, GITS, GITS_CTLR, GITS_TYPER, GITS_VIRTUAL, VPE_ENTRY, VPE_L1E } from '../abi/index.ts'
import type { Gpa } from '../memory/index.ts'
import { Board } from './testing/board.ts'

describe('VMAPP', () => {
  it('writes the entry of the vPE into the table that GICR_VPROPBASER names, and takes Valid away on unmap', () => {
    const board = new Board()
    board.map(2, { rdBase: 1 })
    const at = (0x10000 + 2 * 24) as Gpa
    const entry = () => VPE_ENTRY[0].decode(board.memory.u32(at), board.memory.u32((at + 4) as Gpa))
    expect(entry()).toEqual({ valid: true, vptAddr: board.vptAddr(2), vptSize: 15 })
    board.unmap(2)
    expect(entry().valid).toBe(false)
  })

  test.each`
    because                                  | args
    ${'the vPE table has no room'}           | ${{ vpeid: 171 }}
    ${'there is no such redistributor'}      | ${{ vpeid: 1, rdBase: 4 }}
    ${'13 INTID bits hold no LPI'}           | ${{ vpeid: 1, vptSize: 12 }}
    ${'the pending table is outside memory'} | ${{ vpeid: 1, vptAddr: 0x1000000 }}
    ${'Alloc is 0 and no ITS maps the vPE'}  | ${{ vpeid: 1, alloc: false }}
    ${'this ITS maps the vPE already'}       | ${{ vpeid: 0 }}
  `('is refused because $because', ({ args }) => {
    const board = new Board()
    board.map(0)
    expect(board.map(args.vpeid, args)).toBe(false)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'refused', says: expect.stringMatching(/^VMAPP: /) })
  })

  it('finds the entry through the first level of an indirect vPE table', () => {
    const board = new Board()
    const table = GICR_VPROPBASER_V41.pack({ valid: true, indirect: true, address: 0x10000, entrySize: 2 })
    for (const rdBase of [0, 1, 2, 3]) board.setRegister(rdBase, GICR_VIRTUAL.VPROPBASER, table)
    expect(board.map(171)).toBe(false)
    const { lo, hi } = VPE_L1E.encode({ valid: true, address: 0x30000 })
    board.memory.setWord((0x10000 + 8) as Gpa, lo, hi)
    expect(board.map(171, { vptAddr: board.vptAddr(1) })).toBe(true)
    expect(board.memory.u32((0x30000 + 24 + 4) as Gpa) >>> 31).toBe(1)
  })

  it('keeps the state while another ITS still maps the vPE', () => {
    const board = new Board({ itses: 2 })
    board.map(0)
    board.map(0, { alloc: false }, 1)
    board.mapEvent(0, 0, 8192)
    board.hardware.itses[0]!.msi(1, 0)
    board.unmap(0, { alloc: false })
    expect(board.bitInMemory(0, 8192)).toBe(false)
    board.unmap(0, {}, 1)
    expect(board.bitInMemory(0, 8192)).toBe(true)
  })
})

describe('an event that is mapped to a vLPI', () => {
  function mapped(): Board {
    const board = new Board()
    board.map(0)
    board.map(1)
    board.mapEvent(0, 0, 8192)
    return board
  }
  const pending = (board: Board, vpeid: number) => board.hardware.virtual.vpe(vpeid)!.isPending(8192)

  it('becomes pending by INT, and not any more by CLEAR', () => {
    const board = mapped()
    board.send('INT', { deviceId: 1, eventId: 0 })
    expect(pending(board, 0)).toBe(true)
    board.send('CLEAR', { deviceId: 1, eventId: 0 })
    expect(pending(board, 0)).toBe(false)
  })

  it('loses its pending bit and its mapping by DISCARD', () => {
    const board = mapped()
    board.send('INT', { deviceId: 1, eventId: 0 })
    board.send('DISCARD', { deviceId: 1, eventId: 0 })
    expect(pending(board, 0)).toBe(false)
    expect(board.hardware.itses[0]!.msi(1, 0)).toBe(false)
  })

  it('takes its pending bit along by VMOVI', () => {
    const board = mapped()
    board.send('INT', { deviceId: 1, eventId: 0 })
    board.send('VMOVI', { deviceId: 1, eventId: 0, vpeid: 1, doorbellValid: true, doorbell: 1023 })
    expect([pending(board, 0), pending(board, 1)]).toEqual([false, true])
    board.send('CLEAR', { deviceId: 1, eventId: 0 })
    board.hardware.itses[0]!.msi(1, 0)
    expect([pending(board, 0), pending(board, 1)]).toEqual([false, true])
  })

  it('has the vINTID of its EventID by VMAPI', () => {
    const board = mapped()
    board.send('MAPD', { deviceId: 2, size: 15, ittAddr: 0, valid: true })
    board.send('VMAPI', { deviceId: 2, eventId: 8192, vpeid: 1, doorbell: 1023 })
    board.hardware.itses[0]!.msi(2, 8192)
    expect(pending(board, 1)).toBe(true)
  })

  test.each`
    name         | args                                                      | because
    ${'VMAPTI'}  | ${{ deviceId: 1, eventId: 0, vpeid: 0, vintid: 8200 }}    | ${/mapped already/}
    ${'VMAPTI'}  | ${{ deviceId: 1, eventId: 1024, vpeid: 0, vintid: 8200 }} | ${/more than 10 bits/}
    ${'VMAPTI'}  | ${{ deviceId: 1, eventId: 1, vpeid: 0, vintid: 8191 }}    | ${/below the first LPI/}
    ${'VMAPTI'}  | ${{ deviceId: 7, eventId: 1, vpeid: 0, vintid: 8192 }}    | ${/DeviceID 7/}
    ${'VMOVI'}   | ${{ deviceId: 1, eventId: 0, vpeid: 5 }}                  | ${/vPE 5 is not mapped/}
    ${'VMOVI'}   | ${{ deviceId: 1, eventId: 9, vpeid: 1 }}                  | ${/EventID 9/}
    ${'MOVI'}    | ${{ deviceId: 1, eventId: 0, icid: 1 }}                   | ${/VMOVI/}
    ${'VSGI'}    | ${{ vpeid: 5 }}                                           | ${/vPE 5/}
    ${'VINVALL'} | ${{ vpeid: 5 }}                                           | ${/vPE 5/}
    ${'INVDB'}   | ${{ vpeid: 5 }}                                           | ${/vPE 5/}
  `('stays as it is: $name $args is refused', ({ name, args, because }) => {
    const board = mapped()
    expect(board.send(name, args)).toBe(false)
    expect(board.hardware.log.events.at(-1)).toMatchObject({ kind: 'refused', says: expect.stringMatching(because) })
    board.hardware.itses[0]!.msi(1, 0)
    expect(pending(board, 0)).toBe(true)
  })
})

describe('what the ITS says of itself', () => {
  test.each`
    version      | itses | expected
    ${'GICv4.0'} | ${1}  | ${{ vlpis: true, vmovp: true, vsgi: false, vmapp: false, svpet: 0 }}
    ${'GICv4.1'} | ${1}  | ${{ vlpis: true, vmovp: true, vsgi: true, vmapp: true, svpet: 1 }}
    ${'GICv4.1'} | ${3}  | ${{ vmovp: false }}
  `('$version with $itses: $expected', ({ version, itses, expected }) => {
    const { hardware } = new Board({ version, itses })
    expect(GITS_TYPER.unpack(hardware.itses[0]!.read(GITS.TYPER))).toMatchObject(expected)
  })

  it('names its bit in an ITSList, and the affinity whose redistributors share its vPE table', () => {
    const [, second] = new Board({ itses: 2 }).hardware.itses
    expect(GITS_CTLR.unpack(second!.read(GITS.CTLR)).itsNumber).toBe(1)
    expect(second!.read(GITS_VIRTUAL.MPIDR)).toBe(0n)
  })

  it('refuses VSGI and INVDB on GICv4.0 and an opcode that nobody has', () => {
    const board = new Board({ version: 'GICv4.0' })
    board.map(0)
    expect(board.send('VSGI', { vpeid: 0 })).toBe(false)
    expect(board.send('INVDB', { vpeid: 0 })).toBe(false)
    expect(board.hardware.itses[0]!.execute(new Uint32Array(8).fill(0x7f))).toBe(false)
    expect(board.hardware.log.count('refused')).toBe(3)
  })

  it('has at most 16 ITSes', () => {
    expect(() => new Board({ itses: 17 })).toThrow(RangeError)
  })
})
