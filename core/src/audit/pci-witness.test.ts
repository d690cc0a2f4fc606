import { describe, expect, it } from 'vitest'
import type { GicRegisters, MsiFunction, MsiTarget } from '../abi/index.ts'
import type { GuestKind } from './guest-kind.ts'
import { pciTestimonies } from './pci-witness.ts'
import { PlantedVm } from './testing/planted-vm.ts'

const ITS: MsiTarget = { kind: 'translater', its: 0 }
const MAPPED: MsiTarget = { kind: 'translated', its: 0 }
const OTHER: MsiTarget = { kind: 'translater', its: 1 }
const ELSEWHERE: MsiTarget = { kind: 'elsewhere' }
const UNSET: MsiTarget = { kind: 'unset' }

/** A GICv2m frame, or an IOMMU's input with another page offset than the doorbell. */
const FRAME = 0xfee0n
/** An IOMMU's input with the page offset of the doorbell. */
const IOVA = 0xffff_f040n

/** The vectors of one function, the first with EventID 0. */
const set = (...targets: readonly MsiTarget[]) =>
  targets.map((target, data) => ({ address: target.kind === 'unset' ? 0n : FRAME, target, data, masked: false }))
const masked = (...targets: readonly MsiTarget[]) => set(...targets).map((vector) => ({ ...vector, masked: true }))
const behind = (...targets: readonly MsiTarget[]) =>
  set(...targets).map((vector) => ({ ...vector, address: vector.target.kind === 'elsewhere' ? IOVA : vector.address }))
const msix = (vectors: MsiFunction['vectors'], enabled = true, name = 'nic'): MsiFunction => ({
  name,
  deviceId: 0x200,
  kind: 'MSI-X',
  enabled,
  vectors,
})
const msi = (...targets: readonly MsiTarget[]): MsiFunction => ({ ...msix(set(...targets)), kind: 'MSI' })
const asleep = (part: MsiFunction): MsiFunction => ({ ...part, asleep: true })
const unread: MsiFunction = { ...msix([], false, 'vfio'), kind: 'unread' }
const one = new PlantedVm().registers()
const two: GicRegisters = { ...one, itses: [...one.itses, ...one.itses] }
/** The rules by which the functions speak: of the device, of each event that they name, of all others. */
const of = (functions: readonly MsiFunction[], { registers = one, guest = 'Linux' as GuestKind } = {}) => {
  const said = pciTestimonies(registers, 0, functions, guest).get(0x200)
  if (said === undefined) return undefined
  return [said.device.rule, Object.fromEntries([...said.events].map(([id, { rule }]) => [id, rule])), said.others.rule]
}
const V = 'R-pci-vector'

describe('the MSI state of the functions with one DeviceID', () => {
  it.each<[string, readonly MsiFunction[], ReturnType<typeof of>]>([
    [
      'speaks for every event when all are set to the ITS',
      [msix(set(ITS, ITS, UNSET))],
      ['R-pci-on', { 0: V, 1: V }, 'R-pci-none'],
    ],
    ['speaks through an IOMMU', [msix(set(MAPPED, UNSET))], ['R-pci-on', { 0: 'R-pci-iova' }, 'R-pci-none']],
    ['tells of a device without events when enabled', [msix(set(UNSET))], ['R-pci-on', {}, 'R-pci-none']],
    [
      'tells of no event when off with nothing set, of the device nothing',
      [msix(set(UNSET), false)],
      ['R-pci-kept', {}, 'R-pci-off'],
    ],
    ['is silent when off with vectors set', [msix(set(ITS), false)], ['R-pci-kept', {}, 'R-pci-stale']],
    ['is silent when set to what is no ITS', [msix(set(ELSEWHERE))], ['R-pci-elsewhere', {}, 'R-pci-elsewhere']],
    ['is silent of others when only some are', [msix(set(ITS, ELSEWHERE))], ['R-pci-on', { 0: V }, 'R-pci-elsewhere']],
    ['decides nothing by a page offset', [msix(behind(ELSEWHERE))], ['R-pci-elsewhere', { 0: 'R-pci-page' }, 'R-pci-elsewhere']],
    ['is silent of what a masked vector names', [msix(masked(ITS, UNSET))], ['R-pci-on', { 0: 'R-pci-masked' }, 'R-pci-none']],
    [
      'tells of what one vector names although another is masked',
      [msix([...masked(ITS), ...set(ITS), ...masked(ITS)])],
      ['R-pci-on', { 0: V }, 'R-pci-none'],
    ],
    ['tells of one message', [msi(ITS)], ['R-pci-on', { 0: V }, 'R-pci-none']],
    ['tells of two messages', [msi(ITS, ITS)], ['R-pci-on', { 0: V, 1: V }, 'R-pci-none']],
    [
      'tells of three messages of four',
      [msi(ITS, ITS, ITS, ITS)],
      ['R-pci-on', { 0: V, 1: V, 2: V, 3: 'R-pci-multi' }, 'R-pci-none'],
    ],
    ['is silent of others when asleep', [asleep(msix(set(ITS)))], ['R-pci-on', { 0: V }, 'R-pci-asleep']],
    ['is silent of all when asleep and off', [asleep(msix(set(UNSET), false))], ['R-pci-kept', {}, 'R-pci-asleep']],
    ['adds up over functions', [msix(set(ITS)), msix(set(UNSET, ITS), true, 'disk')], ['R-pci-on', { 0: V, 1: V }, 'R-pci-none']],
    [
      'of one function does not contradict another',
      [msix(set(ITS)), msix(set(UNSET), false, 'disk')],
      ['R-pci-on', { 0: V }, 'R-pci-none'],
    ],
    [
      'of one function that tells stands against another that is silent of the same event',
      [msix(masked(ITS)), msix(set(ITS), true, 'disk'), msix(masked(ITS), true, 'net')],
      ['R-pci-on', { 0: V }, 'R-pci-none'],
    ],
    [
      'does not speak for a function that is silent',
      [msix(set(ITS)), msix(set(ITS), false, 'disk')],
      ['R-pci-on', { 0: V }, 'R-pci-alias'],
    ],
    ['does not speak for a function that VFIO passes through', [msix(set(ITS)), unread], ['R-pci-on', { 0: V }, 'R-pci-alias']],
    ['is nothing where VFIO passes the only function through', [unread], ['R-pci-alias', {}, 'R-pci-alias']],
    ['is that of MSI when MSI is enabled', [msix(set(ITS), false), msi(ITS)], ['R-pci-on', { 0: V }, 'R-pci-none']],
  ])('%s', (_, functions, said) => {
    expect(of(functions)).toEqual(said)
  })

  it.each<GuestKind>(['Xen', 'unknown'])('does not speak for what no vector names where the guest is not Linux: %s', (guest) => {
    expect(of([msix(set(ITS))], { guest })).toEqual(['R-pci-on', { 0: V }, 'R-pci-guest'])
    expect(of([msix(set(UNSET), false)], { guest })).toEqual(['R-pci-kept', {}, 'R-pci-guest'])
  })

  it('tells, where there are several ITSes, only of the ones that it is set to', () => {
    expect(of([msix(set(OTHER))], { registers: two })).toBeUndefined()
    expect(of([msix(set(UNSET), false)], { registers: two })).toBeUndefined()
    expect(of([msix(set(OTHER, ITS))], { registers: two })).toEqual(['R-pci-on', { 1: V }, 'R-pci-none'])
    expect(of([msix(set(ELSEWHERE))], { registers: two })).toEqual(['R-pci-elsewhere', {}, 'R-pci-elsewhere'])
    expect(of([unread], { registers: two })).toEqual(['R-pci-alias', {}, 'R-pci-alias'])
  })
})
