import { describe, expect, it } from 'vitest'
import { GITS } from '../abi/index.ts'
import { Guest } from '../its/testing/guest.ts'

describe('vgic_lpi_stress', () => {
  const DEVICES = 16
  const EVENTS = 16

  /** Flat tables, every device with every event, collections round robin. */
  function stressed() {
    const guest = new Guest({ vcpuIds: [0, 1, 2, 3] }).mapCollections()
    guest.configureAll(8192, DEVICES * EVENTS)
    for (let deviceId = 0; deviceId < DEVICES; deviceId++) {
      guest.mapDevice(deviceId, 4)
      for (let eventId = 0; eventId < EVENTS; eventId++) {
        const n = deviceId * EVENTS + eventId
        guest.run('MAPTI', { deviceId, eventId, pintid: 8192 + n, icid: n % 4 })
      }
    }
    return guest
  }

  it('after a write of CWRITER, CREADR equals it at once', () => {
    const guest = stressed()
    guest.run('SYNC', {})
    expect(guest.read(GITS.CREADR)).toBe(guest.read(GITS.CWRITER))
    expect(guest.reports.every(({ outcome }) => outcome.kind === 'done')).toBe(true)
  })

  it('every MSI answers 1, and vCPUs take LPIs or 1023 only, each LPI as often as it became pending', () => {
    const guest = stressed()
    const taken = new Map<number, number>()
    for (let iteration = 0; iteration < 10; iteration++) {
      for (let n = 0; n < DEVICES * EVENTS; n++) expect(guest.msi(Math.floor(n / EVENTS), n % EVENTS)).toBe(1)
      for (const vcpu of guest.cpus.keys()) {
        for (const intid of guest.take(vcpu)) {
          expect(intid).toBeGreaterThanOrEqual(8192)
          expect((intid - 8192) % 4).toBe(vcpu)
          taken.set(intid, (taken.get(intid) ?? 0) + 1)
        }
      }
    }
    expect([taken.size, new Set(taken.values())]).toEqual([DEVICES * EVENTS, new Set([10])])
  })
})
