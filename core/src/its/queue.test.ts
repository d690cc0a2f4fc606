import { describe, expect, it } from 'vitest'
import { encodeCommand, GITS, profiles, type QuirkName } from '../abi/index.ts'
import { type Gpa, GuestMemory } from '../memory/index.ts'
import { Guest, PLACES, RAM } from './testing/guest.ts'

const SLOTS = 128
const sync = encodeCommand('SYNC', {})
const mapc = (icid: number) => encodeCommand('MAPC', { icid, rdBase: 0, valid: true })

describe('the command queue', () => {
  it('runs up to CWRITER and wraps at its end', () => {
    const guest = new Guest()
    for (let n = 0; n < SLOTS - 1; n++) guest.queue(sync)
    guest.ring()
    for (const icid of [4, 5]) guest.queue(mapc(icid))
    guest.ring()
    expect(guest.reports.slice(-2).map(({ offset }) => offset)).toEqual([(SLOTS - 1) * 32, 0])
    expect([guest.read(GITS.CREADR), guest.read(GITS.CWRITER), guest.its.collections.order]).toEqual([32n, 32n, [4, 5]])
  })

  it('holds one command less than it has slots: as many as slots run nothing', () => {
    const guest = new Guest()
    for (let n = 0; n < SLOTS; n++) guest.queue(mapc(n))
    guest.ring()
    expect(guest.reports).toEqual([])
  })

  it('goes on after commands that are bad, unknown or not in RAM', () => {
    const guest = new Guest()
    for (const words of [mapc(8192), new Uint32Array([0xee, 0, 0, 0, 0, 0, 0, 0]), mapc(3)]) guest.queue(words)
    guest.ring()
    expect(guest.reports.map(({ outcome }) => outcome.kind)).toEqual(['refused', 'unknown', 'done'])
    guest.write(GITS.CTLR, 0n)
    guest.write(GITS.CBASER, (1n << 63n) | 0x1000_0000n)
    guest.write(GITS.CTLR, 1n)
    guest.write(GITS.CWRITER, 0x60n)
    expect(guest.reports.slice(3).map(({ offset, outcome }) => [offset, outcome.kind])).toEqual([
      [0, 'unreadable'],
      [32, 'unreadable'],
      [64, 'unreadable'],
    ])
    expect(guest.read(GITS.CREADR)).toBe(0x60n)
  })

  it('queue-waits-for-cbaser: as proposed in 2017 waits while GITS_CBASER is not Valid; 4.13 runs it all the same', () => {
    const taken = (quirks: readonly QuirkName[]) => {
      const guest = new Guest({ quirks, enabled: false })
      guest.write(GITS.CBASER, guest.read(GITS.CBASER) & ~(1n << 63n))
      guest.write(GITS.CTLR, 1n)
      guest.queue(mapc(3))
      guest.ring()
      return [guest.its.enabled, guest.its.collections.order.length, guest.read(GITS.CREADR)]
    }
    expect(taken(profiles['linux-4.13'].names)).toEqual([true, 1, 32n])
    expect(taken(profiles['proposal-2017'].names)).toEqual([true, 0, 0n])
    expect(taken(profiles['linux-6.6'].names)).toEqual([false, 0, 0n])
  })

  it('waits while the ITS is disabled, and runs when it is enabled', () => {
    const guest = new Guest({ enabled: false })
    guest.queue(mapc(3))
    guest.ring()
    expect([guest.read(GITS.CREADR), guest.read(GITS.CTLR)]).toEqual([0n, 0n])
    guest.enable()
    expect([guest.read(GITS.CREADR), guest.read(GITS.CTLR), guest.its.collections.order]).toEqual([32n, 0x8000_0001n, [3]])
  })

  it('says what became of each command, with its operands', () => {
    const guest = new Guest()
    guest.run('MAPD', { deviceId: 9000, size: 4, ittAddr: PLACES.itts, valid: true })
    expect(guest.reports).toEqual([
      {
        offset: 0,
        command: { name: 'MAPD', args: { deviceId: 9000, size: 4, ittAddr: PLACES.itts, valid: true } },
        words: [8, 9000, 4, 0, PLACES.itts, 0x8000_0000, 0, 0],
        outcome: { kind: 'refused', error: 'MAPD_DEVICE_OOR', code: 0x010801 },
      },
    ])
  })

  it.each([
    ['sparse RAM', 'sparse', [0, 0x100_0000], undefined],
    ['flat RAM', 'flat', [0, 0x100_0000], undefined],
    ['flat RAM whose regions meet within the queue', 'flat', [0, 0x1_0810, 0x1_0c08, 0x100_0000], undefined],
    ['flat RAM from which a part of the queue is taken', 'flat', [0, 0x1_0810, 0x1_0c08, 0x100_0000], 0x1_0810],
  ] as const)('executes the same when nobody listens, in %s', (_where, backing, bounds, hole) => {
    const shapes = bounds.slice(1).map((end, i) => ({ base: (RAM + bounds[i]!) as Gpa, bytes: end - bounds[i]!, backing }))
    const [heard, unheard] = [true, false].map((isHeard) => {
      const guest = new Guest({ memory: new GuestMemory(shapes) })
      if (!isHeard) guest.its.listener = undefined
      const unknown = new Uint32Array([0xee, 0, 0, 0, 0, 0, 0, 0])
      for (let n = 0; n < 3 * SLOTS; n++) {
        guest.queue(n % 5 === 0 ? unknown : mapc(n % 7 === 0 ? 8192 + n : n))
        if (n % 100 === 99) guest.ring()
      }
      if (hole !== undefined) guest.memory.removeRegion((RAM + hole) as Gpa)
      guest.ring()
      return [guest.its.collections.order, guest.read(GITS.CREADR), guest.reports.length]
    })
    expect(unheard).toEqual([heard![0], heard![1], 0])
    expect([heard![1], heard![2]]).toEqual([0n, 3 * SLOTS])
  })
})
