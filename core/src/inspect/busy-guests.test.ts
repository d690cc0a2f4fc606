import { describe, expect, it } from 'vitest'
import { applyEdits, bytesSource } from '../formats/index.ts'
import { fixtureBytes, fixtureText, openCase, openFixture } from '../formats/testing/fixtures.ts'
import { inspect } from './index.ts'

const inspected = async (name: string) => inspect(await openFixture(name))

/** The lines of a text under a heading, as `npm run lab -- load` writes them. */
function told(name: string, heading: string): string[] {
  const [, section] = fixtureText(`${name}.guest-view.txt`)!.split(`== ${heading}\n`)
  return section!.split('== ')[0]!.trim().split('\n').sort()
}

async function pendingIn(name: string): Promise<string[]> {
  const { vcpus } = (await inspected(name)).pending()
  return vcpus.flatMap(({ vcpuId, lpis }) => lpis.map((lpi) => `LPI ${lpi} on vCPU ${vcpuId}`)).sort()
}

describe('a real guest that was saved while its disks and its network card were never idle', () => {
  it('has pending in its tables what KVM had pending when it was saved', async () => {
    expect(await pendingIn('busy')).toEqual(told('busy', 'pending in KVM'))
    expect((await inspected('busy')).audit()).toMatchObject([{ verdict: 'restores', findings: [] }])
  })

  it('lacks the one that QEMU lost, of the queue that stands still after a restore, and vits says so', async () => {
    const [lost] = told('busy-lost', 'stands still after a restore')
    const lacks = (line: string) => line.startsWith(`${lost} `)
    const inKvm = told('busy-lost', 'pending in KVM')
    expect([inKvm.filter(lacks).length, await pendingIn('busy-lost')]).toEqual([1, inKvm.filter((line) => !lacks(line))])
    const [report] = (await inspected('busy-lost')).audit()
    expect(report).toMatchObject({ verdict: 'corrupts', findings: [{ code: 'N801', confidence: 'proven' }] })
    expect(report!.findings[0]!.says).toContain(`${lost} is not pending`)
  })

  it('has no finding where the soft interrupt of its network card takes turns with a program', async () => {
    expect((await inspect(await openCase('polling'))).audit()).toMatchObject([{ verdict: 'restores', findings: [] }])
  })

  it('is as it was, byte for byte, when a bit that was taken away is repaired', async () => {
    const inspection = await inspected('busy-cleared')
    const plan = inspection.plan()
    const [changed] = await inspection.edits(plan)
    const pieces: Uint8Array[] = []
    for await (const piece of applyEdits(bytesSource(fixtureBytes('busy-cleared.mig')), changed!.edits)) pieces.push(piece)
    expect(Buffer.concat(pieces).equals(fixtureBytes('busy.mig'))).toBe(true)
  })
})
