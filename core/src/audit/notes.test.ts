import { describe, expect, it } from 'vitest'
import type { Gpa } from '../memory/index.ts'
import { audit, setScene } from './index.ts'
import { COLLECTION_TABLE, DEVICE_TABLE, PlantedVm, QUEUE } from './testing/planted-vm.ts'

const itt = (deviceId: number) => new PlantedVm().itt(deviceId)
const findings = (vm: PlantedVm, code: string) => audit(setScene(vm.input())).findings.filter((finding) => finding.code === code)
const saved = () =>
  new PlantedVm()
    .map(16, { 0: [8192, 0], 1: [8193, 0] })
    .map(24, { 0: [8194, 0] })
    .save()

describe('pages that the file holds no record of', () => {
  /** `a page of the device table at 0x40020000` */
  const missed = (vm: PlantedVm, ...missing: readonly number[]) =>
    findings(Object.assign(vm, { more: { missing: missing as Gpa[] } }), 'M702').map(({ says, at, severity }) => [
      says.replace(/^The file has no record of (.*) that a restore reads\.$/, '$1'),
      at,
      severity,
    ])

  it('are told of table by table, each with its first page', () => {
    const missing = [itt(16), itt(24), COLLECTION_TABLE + 0x1000, COLLECTION_TABLE, DEVICE_TABLE + 0x2000, QUEUE + 0xf000]
    expect(missed(saved(), ...missing)).toEqual([
      ['2 pages of the collection table', COLLECTION_TABLE, 'latent'],
      ['a page of the device table', DEVICE_TABLE + 0x2000, 'latent'],
      ['a page of the command queue', QUEUE + 0xf000, 'latent'],
      ['a page of the ITT of DeviceID 0x10', itt(16), 'latent'],
      ['a page of the ITT of DeviceID 0x18', itt(24), 'latent'],
    ])
  })

  it('are those of an ITT to its last event, also where it begins within a page', () => {
    const vm = () => new PlantedVm().map(16, {}, { bits: 10, ittAddr: itt(16) + 0x800 }).save()
    expect(missed(vm(), itt(16), itt(16) + 0x1000, itt(16) + 0x2000)).toEqual([
      ['3 pages of the ITT of DeviceID 0x10', itt(16), 'latent'],
    ])
    expect(missed(vm(), itt(16) - 0x1000, itt(16) + 0x3000)).toHaveLength(1)
    expect(missed(vm(), itt(16) - 0x1000)[0]![0]).toContain('second level')
  })

  it('are of the second level or of the LPI tables when they are of nothing else', () => {
    const vm = new PlantedVm({ indirect: true }).map(16, {}).save()
    expect(missed(vm, 0x4017_0000, itt(16), 0x4017_1000)).toEqual([
      ['a page of the ITT of DeviceID 0x10', itt(16), 'latent'],
      ['2 pages of the second level of the device table or the LPI tables', 0x4017_0000, 'latent'],
    ])
  })
})

describe('a history that is not whole', () => {
  const disabled = { ctlr: 0 }
  const unread = { creadr: 0n, cwriter: 0n }
  it.each([
    ['the ring has gone round', () => saved().goRound(), 1],
    ['it has gone round and the ITS is disabled', () => Object.assign(saved().goRound(), { its: disabled }), 1],
    ['the guest began anew', () => Object.assign(saved(), { its: unread }), 1],
    ['no command was executed, and devices are mapped', () => Object.assign(saved().clearRing(), { its: unread }), 1],
    ['no command was executed, and nothing is mapped', () => Object.assign(new PlantedVm().clearRing(), { its: unread }), 0],
    [
      'no command was executed, and the ITS is disabled',
      () => Object.assign(saved().clearRing(), { its: { ...unread, ...disabled } }),
      0,
    ],
    ['every command is cleared', () => saved().clearRing(), 1],
    ['every command is cleared, and nothing is mapped', () => new PlantedVm().clearRing(), 1],
    ['every command is cleared, and the ITS is disabled', () => Object.assign(saved().clearRing(), { its: disabled }), 0],
    ['it is whole', saved, 0],
  ])('is told of where it matters: %s', (_what, vm, times) => {
    expect(findings(vm(), 'Q603')).toHaveLength(times)
  })

  it('is told of with how many commands are left', () => {
    expect(findings(saved().goRound(), 'Q603')[0]!.says).toBe(
      'The command queue has gone round: 2048 executed commands are left to tell what the guest has mapped.',
    )
  })
})
