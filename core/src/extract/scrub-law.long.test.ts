import { readdirSync, readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIRST_LPI, type GicRegisters, HEAD_MAGIC, type ProfileId, profileIds } from '../abi/index.ts'
import { LPI_CONFIGURATION, PlantedVm } from '../audit/testing/planted-vm.ts'
import { ModelSubject } from '../conformance/index.ts'
import { deeds } from '../conformance/testing/guests/deeds.ts'
import { anyManners } from '../conformance/testing/guests/manners.ts'
import { PlayedGuest } from '../conformance/testing/guests/played-guest.ts'
import { savedOn } from '../conformance/testing/guests/saved-guest.ts'
import { bytesSource, openSavedMachine, type SavedMachine } from '../formats/index.ts'
import { openFixture, streamFixtures } from '../formats/testing/fixtures.ts'
import { plantedMachine, savedMachine } from '../inspect/testing/planted-machine.ts'
import type { Gpa } from '../memory/index.ts'
import { runs } from '../memory/testing/runs.ts'
import { scrubbed } from './testing/scrubbed.ts'
import { story } from './testing/story.ts'

const isLong = process.env['VITS_LONG'] !== undefined
/** One of each way to walk and to object; every kernel judges in any case. */
const kernels: readonly ProfileId[] = isLong
  ? profileIds
  : ['linux-4.13', 'linux-5.10', 'linux-6.6', 'linux-7.3.4', 'proposal-2024']

async function sameStory(machine: SavedMachine): Promise<void> {
  expect(await story(await scrubbed(machine), kernels)).toEqual(await story(machine, kernels))
}

const fixtures = new URL('../../../fixtures/', import.meta.url)
const isCase = (name: string): boolean => /\.vits(\.gz)?$/.test(name)
const casesIn = (folder: string): string[] =>
  readdirSync(new URL(`${folder}/`, fixtures))
    .filter(isCase)
    .map((name) => `${folder}/${name}`)
/** It is refused. */
const noVm = 'hostile/internal-duplicate-vcpu.vits.gz'
/** Audits of these take long. */
const longer = ['failopen-blank', 'missing-65536', 'evil-E3', 'evil-E10'].map((name) => `hostile/${name}.vits.gz`)
const hostile = casesIn('hostile').filter((name) => name !== noVm && (isLong || !longer.includes(name)))

describe('the scrubbed case of a real VM', () => {
  it.each(streamFixtures)('%s tells the same story', async (name) => {
    await sameStory(await openFixture(name))
  })

  it.each([...casesIn('saved'), ...casesIn('guests'), ...hostile])(
    '%s tells the same story',
    async (name) => {
      await sameStory(await openSavedMachine(bytesSource(gunzipSync(readFileSync(new URL(name, fixtures))))))
    },
    600_000,
  )
})

/** A recording reads those GITS_BASER<n> that KVM has; a saved machine has all eight. */
function withAllBasers({ itses, ...rest }: GicRegisters): GicRegisters {
  return { ...rest, itses: itses.map((its) => ({ ...its, baser: Array.from({ length: 8 }, (_, n) => its.baser[n] ?? 0n) })) }
}

const some = <T>(...values: T[]) => fc.constantFrom(...values)
const EVENTS = 32
const word = fc.record({
  deviceId: some(8, 9, 16),
  eventId: fc.nat(EVENTS - 1),
  pintid: some(0, 0, 1, 8191, 8192, 8193, 8200, 8201, 65534, 65535, 65536, 65537, 0x7fff_ffff, 0xffff_ffff),
  icid: some(0, 1, 2, 7, HEAD_MAGIC, 65534, 65535),
  next: some(0, 1, 2, 31, 32, 0x4000, 0x7fff, 0x8000, 65535),
})
const entry = fc.record({
  deviceId: some(8, 9, 16, 24),
  ittOf: some(8, 9, 16, 24, 25),
  size: some(0, 4, 5, 15, 16, 31),
  next: some(0, 1, 8, 0x3fff),
})
const setBytes = fc.array(fc.tuple(some(8192, 8193, 8200, 8201, 65534, 65535), some(0xa0, 0xa1, 0xc3)), { maxLength: 4 })

describe('a scrubbed case', () => {
  it('tells the same story, whatever lies in the tables', async () => {
    const verdicts = new Set<string>()
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          words: fc.array(word, { maxLength: 8 }),
          entries: fc.array(entry, { maxLength: 3 }),
          icid: some(0, 1, 2, 65535),
          configuration: setBytes,
          pending: fc.subarray([8192, 8200, 8201, 65534, 65535]),
          indirect: fc.boolean(),
          forgets: fc.boolean(),
        }),
        async ({ words, entries, icid, configuration, pending, indirect, forgets }) => {
          const vm = new PlantedVm({ indirect, queuePages: 1 })
            .map(8, { 0: [8192, 0], 3: [8193, 1] })
            .map(16, { 0: [8200, 0] })
            .save()
          if (icid > 1) vm.cte(2, { icid, rdBase: 0 })
          for (const { deviceId, ittOf, ...dte } of entries) vm.dte(deviceId, { ...dte, ittAddr: vm.itt(ittOf) })
          for (const { deviceId, eventId, ...ite } of words) vm.ite(deviceId, eventId, ite)
          for (const [lpi, byte] of configuration) vm.memory.setU8((LPI_CONFIGURATION + lpi - FIRST_LPI) as Gpa, byte)
          vm.pend(1, ...pending)
          if (forgets) vm.goRound()
          const machine = plantedMachine(vm)
          const told = await story(machine, kernels)
          for (const { verdict } of told.told.flat()) verdicts.add(verdict)
          expect(await story(await scrubbed(machine), kernels)).toEqual(told)
        },
      ),
      { numRuns: runs(25) },
    )
    expect(verdicts.size).toBeGreaterThan(2)
  })

  it('of a guest of whatever manners tells the same story', async () => {
    for (const kernel of ['linux-6.6', 'linux-6.12.117'] as const) {
      await fc.assert(
        fc.asyncProperty(anyManners, deeds, async (manners, list) => {
          const saved = savedOn(new ModelSubject(kernel), new PlayedGuest(manners).live(list).comesToRest())
          if (saved !== undefined) await sameStory(savedMachine({ ...saved, registers: withAllBasers(saved.registers) }))
        }),
        { numRuns: runs(5) },
      )
    }
  })
})
