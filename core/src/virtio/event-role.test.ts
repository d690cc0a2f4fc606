import { describe, expect, it } from 'vitest'
import type { MsiFunction, MsixVector } from '../abi/index.ts'
import { eventOfVector, eventRoles, msixFunctions, type VirtioDevice } from './index.ts'

const vector = (data: number, more: Partial<MsixVector> = {}): MsixVector => ({
  address: 0x8090040n,
  target: { kind: 'translater', its: 0 },
  data,
  masked: false,
  ...more,
})
const NAME = '0000:00:02.0/virtio-net'
const msix = (vectors: readonly MsixVector[], more: Partial<MsiFunction> = {}): MsiFunction => ({
  name: NAME,
  deviceId: 16,
  kind: 'MSI-X',
  enabled: true,
  vectors,
  ...more,
})

const queue = (index: number, queueVector: number | undefined) =>
  ({ index, size: 256, vector: queueVector, place: { kind: 'unset' }, nextAvail: 0, offset: 0 }) as const
const net = (configVector: number | undefined, ...vectors: readonly (number | undefined)[]): VirtioDevice => ({
  name: NAME,
  deviceId: 16,
  kind: 'net',
  status: 15,
  features: 0n,
  configVector,
  queues: vectors.map((each, index) => queue(index, each)),
  offset: 0,
})

describe('what an event is for', () => {
  it('is told by the vector of a queue, and the event that the vector is set to', () => {
    const roles = eventRoles([net(0, 1, 2, undefined)], [msix([vector(5), vector(7), vector(6)])])
    expect(roles.map(({ eventId, roles: of }) => [eventId, of])).toEqual([
      [5, ['configuration']],
      [7, ['receive queue 0']],
      [6, ['transmit queue 0']],
    ])
    expect(roles[0]).toEqual({ deviceId: 16, eventId: 5, its: 0, function: NAME, roles: ['configuration'] })
  })

  it('is several things where queues share a vector', () => {
    expect(eventRoles([net(0, 0, 1)], [msix([vector(0), vector(1)])]).map(({ roles }) => roles)).toEqual([
      ['configuration', 'receive queue 0'],
      ['transmit queue 0'],
    ])
  })

  it('is told of the functions that share a DeviceID each by its own vectors', () => {
    const other = { ...net(undefined, 0), name: '0000:00:03.0/virtio-net' }
    const functions = [msix([vector(0)]), msix([vector(9)], { name: other.name })]
    expect(eventRoles([net(undefined, 0), other], functions).map(({ eventId, function: of }) => [eventId, of])).toEqual([
      [0, NAME],
      [9, other.name],
    ])
  })

  it.each([
    ['a vector that the function has not', [vector(0)]],
    ['a vector that is not set', [vector(0), vector(1, { target: { kind: 'unset' } })]],
    ['a vector that is set to something else', [vector(0), vector(1, { target: { kind: 'elsewhere' } })]],
  ] as const)('is not known of %s', (_, vectors) => {
    expect(eventRoles([net(undefined, 1)], [msix(vectors)])).toEqual([])
  })

  it('is not known of a function without MSI-X', () => {
    expect(eventOfVector(msixFunctions([msix([vector(0)], { kind: 'MSI' })]), NAME, 0)).toBeUndefined()
    expect(eventOfVector(msixFunctions([]), NAME, 0)).toBeUndefined()
  })
})

it.each([
  [{}, {}, true],
  [{ enabled: false }, {}, false],
  [{}, { masked: true }, false],
] as const)('a vector is on when neither it nor its function is masked: %o %o', (fn, one, isOn) => {
  expect(eventOfVector(msixFunctions([msix([vector(3, one)], fn)]), NAME, 0)).toEqual({ eventId: 3, its: 0, isOn })
})
