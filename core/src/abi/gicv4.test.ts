import { describe, expect, it, test } from 'vitest'
import { type CommandName, commands, decodeCommand, encodeCommand } from './commands.ts'
import {
  GICR_INVLPIR,
  GICR_VPENDBASER_V40,
  GICR_VPENDBASER_V41,
  GICR_VPROPBASER_V41,
  GICR_VSGIPENDR,
  GITS_SGIR,
  VPE_ENTRY_BYTES,
} from './gicv4.ts'

const words = (...dws: bigint[]) => new Uint32Array(new BigUint64Array(dws).buffer)

describe('the command words of GICv4', () => {
  test.each`
    name         | args                                                                                                                                 | dws
    ${'VMAPP'}   | ${{ alloc: true, vconfAddr: 0x12340000, defaultDoorbell: 8200, vpeid: 5, rdBase: 3, valid: true, vptSize: 15, vptAddr: 0xabcd0000 }} | ${[0x12340129n, 0x0000000500002008n, 0x8000000000030000n, 0xabcd000fn]}
    ${'VMAPP'}   | ${{ alloc: true, vpeid: 5 }}                                                                                                         | ${[0x129n, 0x500000000n, 0n, 0n]}
    ${'VMAPTI'}  | ${{ deviceId: 0x20, eventId: 7, vpeid: 2, vintid: 8199, doorbell: 1023 }}                                                            | ${[0x200000002an, 0x200000007n, 0x3ff00002007n, 0n]}
    ${'VMAPI'}   | ${{ deviceId: 0x20, eventId: 8199, vpeid: 2, doorbell: 8300 }}                                                                       | ${[0x200000002bn, 0x200002007n, 0x206c00000000n, 0n]}
    ${'VMOVI'}   | ${{ deviceId: 0x20, eventId: 7, vpeid: 2, doorbellValid: true, doorbell: 1023 }}                                                     | ${[0x2000000021n, 0x200000007n, 0x3ff00000001n, 0n]}
    ${'VMOVP'}   | ${{ sequence: 9, itsList: 3, vpeid: 2, rdBase: 4, doorbellValid: true, defaultDoorbell: 8200 }}                                      | ${[0x900000022n, 0x200000003n, 0x8000000000040000n, 0x2008n]}
    ${'VSGI'}    | ${{ enable: true, group: true, priority: 0xa0, vsgi: 11, vpeid: 2 }}                                                                 | ${[0xb00a00523n, 0x200000000n, 0n, 0n]}
    ${'VSGI'}    | ${{ clear: true, vsgi: 11, vpeid: 2 }}                                                                                               | ${[0xb00000223n, 0x200000000n, 0n, 0n]}
    ${'VSYNC'}   | ${{ vpeid: 2 }}                                                                                                                      | ${[0x25n, 0x200000000n, 0n, 0n]}
    ${'VINVALL'} | ${{ vpeid: 2 }}                                                                                                                      | ${[0x2dn, 0x200000000n, 0n, 0n]}
    ${'INVDB'}   | ${{ vpeid: 2 }}                                                                                                                      | ${[0x2en, 0x200000000n, 0n, 0n]}
  `('$name $args', ({ name, args, dws }) => {
    const encoded = encodeCommand(name as CommandName, args)
    expect(encoded).toEqual(words(...dws))
    expect(decodeCommand(encoded)).toMatchObject({ name, args })
  })

  it('name the opcode of their GICv3 counterpart with bit 5 set, but for the three that have none', () => {
    const opcode = (name: CommandName): number => commands[name].opcode
    const pairs = [
      ['VMAPP', 'MAPC'],
      ['VMAPTI', 'MAPTI'],
      ['VMAPI', 'MAPI'],
      ['VMOVI', 'MOVI'],
      ['VSYNC', 'SYNC'],
      ['VINVALL', 'INVALL'],
    ] as const
    for (const [virtual, physical] of pairs) expect(opcode(virtual)).toBe(opcode(physical) | 0x20)
    expect([opcode('VMOVP'), opcode('VSGI'), opcode('INVDB')]).toEqual([0x22, 0x23, 0x2e])
  })
})

test.each`
  word                   | layout                 | fields
  ${0x8400000000000005n} | ${GICR_VPENDBASER_V41} | ${{ valid: true, vgrp1En: true, vpeid: 5, doorbell: false, pendingLast: false, dirty: false }}
  ${0x7000000000000000n} | ${GICR_VPENDBASER_V41} | ${{ valid: false, doorbell: true, pendingLast: true, dirty: true }}
  ${0xb0000000abcd0000n} | ${GICR_VPENDBASER_V40} | ${{ valid: true, pendingLast: true, dirty: true, idai: false, address: 0xabcd0000 }}
  ${0x9050000012345003n} | ${GICR_VPROPBASER_V41} | ${{ valid: true, entrySize: 2, zero: true, pageSize: 2, indirect: false, address: 0x12345000, size: 3 }}
  ${0x80008021n}         | ${GICR_VSGIPENDR}      | ${{ busy: true, pending: 0x8021 }}
  ${0x8000000500002008n} | ${GICR_INVLPIR}        | ${{ virtual: true, vpeid: 5, intid: 8200 }}
  ${0x50000000bn}        | ${GITS_SGIR}           | ${{ vpeid: 5, vintid: 11 }}
`('$layout.name reads $word', ({ word, layout, fields }) => {
  expect(layout.unpack(word)).toMatchObject(fields)
})

it('keeps a vPE table entry at a whole number of doublewords that GICR_VPROPBASER can name', () => {
  expect(GICR_VPROPBASER_V41.pack({ entrySize: VPE_ENTRY_BYTES / 8 - 1 })).toBe(2n << 59n)
})
