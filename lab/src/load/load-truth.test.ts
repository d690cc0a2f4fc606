import { expect, it } from 'vitest'
import { formatLoadTruth, type LoadTruth, parseLoadTruth } from './load-truth.ts'

const view = '== interrupts\n 22:  1  0  ITS-PCI-MSIX-0000:00:01.0   1 Edge      virtio0-req.0\n== release\n6.12.117\n'

it.each<[string, Omit<LoadTruth, 'view'>]>([
  [
    'a save with interrupts pending, one of which was lost',
    {
      pending: new Map([
        [8193, 0],
        [8198, 1],
      ]),
      still: [8198],
    },
  ],
  ['a save that was repaired', { pending: new Map([[8193, 0]]), still: [8193], stillRepaired: [] }],
  ['a save with nothing pending', { pending: new Map(), still: [] }],
])('what is true of %s is read as it was kept', (_, words) => {
  const truth = { view, ...words }
  expect(parseLoadTruth(formatLoadTruth(truth))).toEqual(truth)
})
