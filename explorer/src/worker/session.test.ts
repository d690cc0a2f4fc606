import { readFileSync } from 'node:fs'
import { open } from '@vits/core'
import { NEWEST } from '@vits/core/abi'
import { describe, expect, it } from 'vitest'
import { style } from '../../../cli/src/style.ts'
import { vits } from '../../../cli/src/testing/fake-io.ts'
import { fixtureFile } from '../../../core/src/formats/testing/fixtures.ts'
import { Session } from './session.ts'

const path = fixtureFile('scattered-unrestorable.mig.zst').pathname
const opened = async () => {
  const file = { name: path, blob: new Blob([readFileSync(path)]) }
  return Session.open({ name: path, files: [file] }, { open, kernel: undefined, progress: () => {} })
}
const shown = { vm: 0, kernel: NEWEST, its: 0 }

describe('a saved VM that is open in the page', () => {
  it('is told of as vits check tells of it', async () => {
    const { out } = await vits(['check', path], {}, { style: style(false) })
    expect((await opened()).text(NEWEST)).toBe(out)
  })

  it('has its rows before an audit, and as the repair leaves them', async () => {
    const session = await opened()
    expect(session.drawing({ ...shown, isAfter: false })).toMatchObject({ rowCount: 25, timeline: { commands: 752 } })
    expect(session.judgement({ ...shown, isAfter: true }).facts).toMatchObject({
      verdict: 'restores',
      restored: { devices: 20, events: 91 },
    })
    expect(session.rows({ ...shown, isAfter: true }, 11, 12)).toMatchObject([{ deviceId: 0x5200, outcome: 'cleared' }])
  })
})
