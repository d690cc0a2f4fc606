import { parseRecording, type Recording } from '@vits/core/conformance'
import { describe, expect, it } from 'vitest'
import { formatRecording } from './recording.ts'

describe('a recording as it is kept', () => {
  const recording: Recording = {
    format: 'kvm-its-golden-1',
    scenario: 'two steps',
    kernel: '6.12.117',
    steps: [
      { op: 'its_save_tables', its: 0, rc: '0' },
      { op: 'note', text: 'the end' },
    ],
  }

  it('has one step a line', () => {
    expect(formatRecording(recording).split('\n')).toEqual([
      '{"format":"kvm-its-golden-1","scenario":"two steps","kernel":"6.12.117","steps":[',
      '{"op":"its_save_tables","its":0,"rc":"0"},',
      '{"op":"note","text":"the end"}',
      ']}',
      '',
    ])
  })

  it('reads as it was written', () => {
    expect(parseRecording(formatRecording(recording))).toEqual(recording)
  })
})
