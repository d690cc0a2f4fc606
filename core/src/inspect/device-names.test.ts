import { describe, expect, it } from 'vitest'
import { fixtureText, openFixture, streamFixtures } from '../formats/testing/fixtures.ts'
import { inspect } from './index.ts'

/** What Linux calls an interrupt in /proc/interrupts, and what it tells its driver of. */
const roleOf: readonly (readonly [RegExp, string])[] = [
  [/-config$/, 'configuration'],
  [/-input\.(\d+)$/, 'receive queue $1'],
  [/-output\.(\d+)$/, 'transmit queue $1'],
  [/-req\.(\d+)$/, 'request queue $1'],
  [/-control$/, 'control queue'],
  [/-event$/, 'event queue'],
  [/-(guest-)?request$|-input$/, 'request queue'],
]

/** The virtio interrupts that a guest lists: PCI address, vector and name. */
const listed = (text: string) =>
  [...text.matchAll(/ITS-PCI-MSIX-([0-9a-f:.]+) +(\d+) Edge +(virtio\d+-\S+)/g)].map(([, address, vector, name]) => ({
    address: address!,
    vector: Number(vector),
    name: name!,
  }))

const withText = streamFixtures.filter((name) => listed(fixtureText(`${name}.guest-view.txt`) ?? '').length > 0)

it('is told by guests of the fixtures', () => {
  expect(withText.length).toBeGreaterThanOrEqual(17)
})

describe('what a real guest calls its devices and their interrupts', () => {
  it.each(withText)('is where and what the file says: %s', async (fixture) => {
    const machine = await openFixture(fixture)
    const { names } = (await inspect(machine)).scenes[0]!
    const targets = new Map(machine.msi.map(({ name, vectors }) => [name, vectors.map(({ target }) => target.kind)]))
    const functions = new Map(
      names.devices.flatMap((device) => device.functions.map((one) => [one.address, { ...one, device }] as const)),
    )
    const interrupts = listed(fixtureText(`${fixture}.guest-view.txt`)!)
    for (const { address, vector, name } of interrupts) {
      const found = functions.get(address)
      expect([address, found?.model]).toEqual([address, expect.stringMatching(/^virtio-/)])
      const { device } = found!
      const rule = roleOf.find(([pattern]) => pattern.test(name))
      // Events of functions that share a DeviceID are numbered together, and not by vector.
      if (device.functions.length > 1 || rule === undefined) continue
      const role = /[^-]*(-.*)/.exec(name)![1]!.replace(...rule)
      const told = names.roles(device.deviceId, vector)
      // Behind an SMMU whose tables the file does not hold, no vector tells its event.
      const isKnown = targets.get(found!.section)?.[vector] !== 'elsewhere'
      expect([address, name, told]).toEqual([address, name, isKnown ? [expect.stringContaining(role)] : []])
    }
  })
})
