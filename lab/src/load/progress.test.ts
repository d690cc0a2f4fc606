import { expect, it } from 'vitest'
import { progressIn } from './progress.ts'

it("a guest's counts tell of each LPI how often it came, and of each disk how many reads are done", () => {
  const text = `== interrupts
 21:          0          0  ITS-PCI-MSIX-0000:00:01.0   0 Edge      virtio0-config
 22:        705          3  ITS-PCI-MSIX-0000:00:01.0   1 Edge      virtio0-req.0
== reads
1083 /sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:01.0/virtio0
17 /sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:02.0/0000:01:00.0/nvme/nvme0
`
  const event = { function: '0000:00:01.0', cpu: 0 }
  const mappings = [
    { ...event, irq: 21, eventId: 0, lpi: 8192 },
    { ...event, irq: 22, eventId: 1, lpi: 8193 },
    { ...event, irq: 23, eventId: 2, lpi: 8194 },
  ]
  expect(progressIn(text, { mappings })).toEqual({
    interrupts: new Map([
      [8192, 0],
      [8193, 708],
      [8194, 0],
    ]),
    reads: new Map([
      ['0000:00:01.0', 1083],
      ['0000:01:00.0', 17],
    ]),
  })
})
