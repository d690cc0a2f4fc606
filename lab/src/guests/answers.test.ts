import { describe, expect, it } from 'vitest'
import { answersOf } from './answers.ts'

const DISK = '/sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:03.0/virtio2'
const BEHIND_PORT = '/sys/devices/platform/4010000000.pcie/pci0000:00/0000:00:01.0/0000:01:00.0/virtio0'
const mapping = (name: string, irq: number, lpi: number) => ({ function: name, irq, eventId: 0, lpi, cpu: 0 })
const mappings = [mapping('0000:00:01.0', 20, 8192), mapping('0000:01:00.0', 21, 8193), mapping('0000:00:03.0', 22, 8194)]
const counts = (name: string, ...sums: number[]) =>
  sums.reduce((text, sum, n) => `${text} ${20 + n}:  ${sum}   1  ITS-PCI-MSIX-0000:00:03.0  0 Edge  x\n`, `== ${name}\n`)
const said = (before: number[], lines: string, after: number[]) =>
  `${counts('before', ...before)}${lines}${counts('after', ...after)}`

describe('what a guest says of its devices', () => {
  it('is that they work when they answer and an interrupt of their function came', () => {
    const text = said([1, 5, 9], `ok /dev/vda ${DISK}\nok eth0 ${BEHIND_PORT}\n`, [1, 6, 11])
    expect(answersOf(text, mappings)).toEqual({ silent: [], rang: new Set([8193, 8194]) })
  })

  it('is that one is silent that did not answer', () => {
    const text = said([1, 5, 9], `dead /dev/vda ${DISK}\nok eth0 ${BEHIND_PORT}\n`, [1, 6, 10])
    expect(answersOf(text, mappings).silent).toEqual(['/dev/vda'])
  })

  it('is that one is silent that answered without an interrupt, whatever came for the port above it', () => {
    const text = said([1, 5, 9], `ok /dev/vda ${DISK}\nok eth0 ${BEHIND_PORT}\n`, [2, 5, 10])
    expect(answersOf(text, mappings)).toEqual({ silent: ['eth0'], rang: new Set([8192, 8194]) })
  })

  it('asks no interrupt of a function that has none mapped', () => {
    const text = said([1, 5, 9], `ok /dev/vda ${DISK}\n`, [1, 5, 9])
    expect(answersOf(text, mappings.slice(0, 2))).toEqual({ silent: [], rang: new Set() })
  })

  it('is nothing when the script did not come to its end', () => {
    expect(() => answersOf(counts('before', 1, 2), mappings)).toThrow('the guest did not say its after')
  })
})
