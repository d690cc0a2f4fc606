import { describe, expect, it } from 'vitest'
import { parseRecording } from './recording.ts'
import type { Step } from './step.ts'
import { compareAnswer } from './subject.ts'

const dump = (nonzero: Record<string, string>): Step => ({
  op: 'mem_dump',
  what: 'ITT',
  gpa: '0x40000000',
  len: '0x100',
  nonzero,
})

describe('an answer', () => {
  it('is the same however its numbers are spelled', () => {
    const step: Step = { op: 'its_write', reg: 'GITS_CTLR', value: '0x1', rc: '0', readback: '0x80000001' }
    expect(compareAnswer(0, step, { rc: '0', readback: '0x0080000001' })).toEqual([])
  })

  it('is the same however its memory is cut into stretches', () => {
    const step = dump({ '0x0': '0102030405060708'.concat('0000000000000000', '1112131415161718') })
    expect(compareAnswer(0, step, { nonzero: { '0x10': '1112131415161718', '0x0': '0102030405060708' } })).toEqual([])
  })

  it('differs by a byte that only one of the two has', () => {
    const answer = { nonzero: { '0x0': '01', '0x40': '02' } }
    expect(compareAnswer(3, dump({ '0x0': '01' }), answer)).toMatchObject([{ step: 3, op: 'mem_dump', field: 'nonzero' }])
  })

  it('is not compared in a field that is not on record', () => {
    expect(compareAnswer(0, { op: 'its_read', reg: 'GITS_CTLR', rc: 'ENXIO' }, { rc: 'ENXIO', value: '0x1' })).toEqual([])
  })
})

describe('reading a recording', () => {
  const recording = (ops: string[]) =>
    JSON.stringify({ format: 'kvm-its-golden-1', scenario: 's', kernel: '6.12', steps: ops.map((op) => ({ op, rc: '0' })) })

  it('understands the words that early recordings put into op', () => {
    const ops = ['its_ctrl_init again', 'its ctrl attr 9 (unknown)', 'gic ctrl attr 1 = ITS_SAVE on the GIC fd']
    expect(parseRecording(recording(ops))?.steps).toEqual([
      { op: 'its_ctrl_init', rc: '0' },
      { op: 'its_ctrl_attr', attr: 9, rc: '0' },
      { op: 'gic_ctrl_attr', attr: 1, rc: '0' },
    ])
  })

  it('leaves JSON of other formats to others', () => {
    expect(parseRecording('{"format":"kvm-its-golden-random-1","cases":[]}')).toBeUndefined()
  })
})
