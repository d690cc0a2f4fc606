import { describe, expect, it } from 'vitest'
import { ITE } from '../abi/index.ts'
import { explore } from './explore.ts'
import { scopes } from './scopes.ts'
import { wordsWritten } from './words-written.ts'

const wrong = explore({ ...scopes['keeping-unmapc'], restoredOn: ['linux-6.6'] }, { mostDepth: 6 }).wrong
const historyOf = (kind: string) => wrong.find((one) => one.kind === kind)!.history

describe('the words that a history writes', () => {
  it('are those of the saves, step by step: the DTE of a device that is unmapped stays, and the save writes no other', () => {
    const steps = wordsWritten(scopes['keeping-unmapc'], historyOf('dead device back'))
    expect(steps.map(({ says }) => says)).toEqual([
      'MAPD DeviceID 0 ITT A',
      'SAVE_TABLES',
      'MAPD DeviceID 0 V=0',
      'the save, as the kernel saves them',
    ])
    expect(steps.map(({ words }) => words.map(({ kind, id }) => `${kind} ${id}`))).toEqual([[], ['DTE DeviceID 0'], [], []])
  })

  it('are the ITE of a live event behind that of a dead one, whose next leads nowhere', () => {
    const steps = wordsWritten(scopes['keeping-unmapc'], historyOf('dead event back in a live device + live event lost'))
    const [first, last] = [steps[3]!, steps.at(-1)!].map(({ words }) => words.find(({ kind }) => kind === 'ITE')!)
    expect([first!.id, last!.id]).toEqual(['entry 0 of ITT A', 'entry 1 of ITT A'])
    expect(ITE.decode(first!.lo, first!.hi)).toMatchObject({ pintid: 8192, next: 0 })
  })
})
