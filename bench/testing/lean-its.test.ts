import { describe, expect, it } from 'vitest'
import { Guest } from './guest.ts'
import { firstItt, full, places, type Shape } from './guest-shape.ts'
import { LeanSubject } from './lean-subject.ts'
import type { Subject } from './subject.ts'
import { VitsSubject } from './vits-subject.ts'

const shapes: readonly Shape[] = [
  { devices: 9, events: 1, bits: 5 },
  full(3, 32),
  { devices: 5, events: 6, bits: 9, deviceStride: 4096, eventStride: 77 },
]

describe('the lean ITS that figures are ratios to', () => {
  describe.each(shapes)('with $devices devices of $events events in ITTs of 2^$bits', (shape) => {
    it('saves what the library saves', () => {
      expect(saved(new LeanSubject(shape), shape)).toEqual(saved(new VitsSubject(shape), shape))
    })

    it.each([false, true])('saves the same again after a restore; with heads: %s', (hasHeads) => {
      const guest = new Guest(new LeanSubject(shape), shape)
      guest.mapAll()
      guest.subject.save(hasHeads)
      const before = tables(guest)
      guest.restoreAll(hasHeads)
      guest.subject.save(hasHeads)
      expect(tables(guest)).toEqual(before)
    })

    it('delivers the MSIs that the library delivers', () => {
      const [lean, vits] = [new LeanSubject(shape), new VitsSubject(shape)].map((subject) => {
        new Guest<Subject>(subject, shape).mapAll()
        return [0, 1, 4096].flatMap((id) => Array.from({ length: 600 }, (_, eventId) => subject.signal(id, eventId)))
      })
      expect(lean).toEqual(vits)
    })
  })
})

function saved(subject: Subject, shape: Shape): ReturnType<typeof tables> {
  const guest = new Guest(subject, shape)
  guest.mapAll()
  guest.moveAll(Int32Array.of(((shape.deviceStride ?? 1) << 16) | (2 ** shape.bits - 1)))
  subject.save(false)
  return tables(guest)
}

/** What is not zero in the device table, the collection table and the ITTs: where, and what. */
function tables({ subject: { words }, shape }: Guest): readonly (readonly [offset: number, word: number])[] {
  const ranges = [
    [0, places.queue - places.ram],
    [firstItt(shape) - places.ram, words.byteLength],
  ] as const
  const found: [number, number][] = []
  for (const [start, end] of ranges) {
    for (let at = start / 4; at < end / 4; at++) if (words[at] !== 0) found.push([at * 4, words[at]!])
  }
  return found
}
