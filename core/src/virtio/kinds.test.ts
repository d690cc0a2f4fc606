import { describe, expect, it } from 'vitest'
import { queueRole, type VirtioKind, virtioKind, virtioKindNames } from './index.ts'

const names = (kind: VirtioKind, count: number): string[] =>
  Array.from({ length: count }, (_, i) => queueRole(kind, i, count).name)

describe('the queues of a virtio device', () => {
  it.each([
    ['net', 3, ['receive queue 0', 'transmit queue 0', 'control queue']],
    ['net', 2, ['receive queue 0', 'transmit queue 0']],
    ['net', 5, ['receive queue 0', 'transmit queue 0', 'receive queue 1', 'transmit queue 1', 'control queue']],
    ['blk', 2, ['request queue 0', 'request queue 1']],
    ['scsi', 4, ['control queue', 'event queue', 'request queue 0', 'request queue 1']],
    ['fs', 2, ['high priority queue', 'request queue 0']],
    ['console', 2, ['port 0 receive queue', 'port 0 transmit queue']],
    [
      'console',
      6,
      [
        'port 0 receive queue',
        'port 0 transmit queue',
        'control receive queue',
        'control transmit queue',
        'port 1 receive queue',
        'port 1 transmit queue',
      ],
    ],
    ['crypto', 3, ['data queue 0', 'data queue 1', 'control queue']],
    ['rng', 2, ['request queue', 'queue 1']],
    ['balloon', 4, ['inflate queue', 'deflate queue', 'statistics queue', 'queue 3']],
  ] as const)('have their names: %s with %i', (kind, count, expected) => {
    expect(names(kind, count)).toEqual(expected)
  })

  it('have numbers where the kind is not known', () => {
    expect(queueRole(undefined, 7, 8)).toEqual({ name: 'queue 7', kept: true })
  })

  it('are emptied by their driver where it takes all out at once, and only there', () => {
    const emptied = virtioKindNames.filter((kind) => [0, 1, 2].some((i) => queueRole(kind, i, 4).emptied !== undefined))
    expect(emptied).toEqual(['9p', 'blk', 'rng', 'scsi', 'gpu', 'input', 'fs', 'pmem'].sort((a, b) => order(a) - order(b)))
    expect([0, 1, 2].map((i) => queueRole('net', i, 3).emptied)).toEqual([undefined, undefined, undefined])
  })

  const order = (kind: string): number => virtioKindNames.indexOf(kind as VirtioKind)

  it('are supplied with empty buffers where the device fills them', () => {
    const supplied = (kind: VirtioKind, count: number) =>
      Array.from({ length: count }, (_, i) => i).filter((i) => queueRole(kind, i, count).supply === true)
    expect(supplied('net', 5)).toEqual([0, 2])
    expect(supplied('scsi', 4)).toEqual([1])
    expect(supplied('blk', 4)).toEqual([])
    expect(supplied('console', 4)).toEqual([0, 2])
  })
})

it('a kind is found by its device type', () => {
  expect([1, 2, 8, 9, 26, 3, 0, 62].map(virtioKind)).toEqual(['net', 'blk', 'scsi', '9p', 'fs', 'console', undefined, undefined])
})
