import { describe, expect, it } from 'vitest'
import { guestView } from './guest-view.ts'

const text = `== interrupts
 16:          1          0  ITS-PCI-MSIX-0000:00:01.0   0 Edge      pciehp
== vectors
/sys/bus/pci/devices/0000:00:01.0/msi_irqs/16
/sys/bus/pci/devices/0000:01:00.0/msi_irqs/24
/sys/bus/pci/devices/0000:01:00.0/msi_irqs/25
== its
ID:0 pID:8192 vID:16
ID:0 pID:8193 vID:24
ID:4 pID:8200 vID:24
ID:1 pID:8201 vID:25
== affinity
/proc/irq/16/effective_affinity:1
/proc/irq/24/effective_affinity:2,00000000
/proc/irq/25/effective_affinity:0
== online
0-1
== release
6.12.117+deb12-cloud-arm64
`

describe("a guest's own view", () => {
  it('joins each vector of a function with what the ITS driver said last of its interrupt, and the CPU it is aimed at', () => {
    expect(guestView(text)).toEqual({
      mappings: [
        { function: '0000:00:01.0', irq: 16, eventId: 0, lpi: 8192, cpu: 0 },
        { function: '0000:01:00.0', irq: 24, eventId: 4, lpi: 8200, cpu: 33 },
        { function: '0000:01:00.0', irq: 25, eventId: 1, lpi: 8201, cpu: null },
      ],
      online: '0-1',
      release: '6.12.117+deb12-cloud-arm64',
    })
  })

  it('is refused without one of its parts, as of a guest that died while it spoke', () => {
    expect(() => guestView(text.slice(0, text.indexOf('== its')))).toThrow('the guest did not say its its')
  })
})
