/** What a Linux guest says of its own interrupts, parsed from its text: /proc/interrupts, its PCI list, its ITS driver. */
export interface GuestText {
  /** `deviceId:eventId` to the LPI. */
  readonly events: ReadonlyMap<string, number>
  /** `deviceId:eventId` to the CPU that takes it, where the text tells. */
  readonly cpus: ReadonlyMap<string, number>
  readonly devices: readonly number[]
}

const hexId = (bus: string, device: string, fn: string) =>
  (Number.parseInt(bus, 16) << 8) | (Number.parseInt(device, 16) << 3) | Number.parseInt(fn, 16)

/** Reads a `*.guest-view.txt`. The driver names each LPI again when an interrupt number is used again: the last one counts. */
export function parseGuestText(text: string): GuestText {
  const lpis = new Map<string, number>()
  const ids = new Map<string, string>()
  for (const [, id, lpi, irq] of text.matchAll(/ID:(\d+) pID:(\d+) vID:(\d+)/g)) {
    lpis.set(irq!, Number(lpi))
    ids.set(irq!, id!)
  }
  // What is behind a bridge to conventional PCI shares function 0 of its bus, and so the events of one ITT.
  const shared = new Set([...text.matchAll(/Reusing ITT for devID ([0-9a-f]+)/g)].map(([, id]) => Number.parseInt(id!, 16)))
  const deviceIdOf = (bus: string, device: string, fn: string) => {
    const busId = hexId(bus, '0', '0')
    return shared.has(busId) ? busId : hexId(bus, device, fn)
  }
  const masks = new Map<string, number>()
  for (const [, irq, mask] of text.matchAll(/^irq (\d+) eff=([0-9a-f]+)/gm)) masks.set(irq!, Number.parseInt(mask!, 16))
  const events = new Map<string, number>()
  const cpus = new Map<string, number>()
  const devices = new Set<number>()
  const record = (irq: string, deviceId: number, vector: string) => {
    const eventId = ids.get(irq) ?? vector
    devices.add(deviceId)
    events.set(`${deviceId}:${eventId}`, lpis.get(irq)!)
    const mask = masks.get(irq)
    if (mask !== undefined) cpus.set(`${deviceId}:${eventId}`, Math.log2(mask))
  }
  const lines = text.matchAll(/^ *(\d+): .*ITS-PCI-MSIX?-[0-9a-f]+:([0-9a-f]+):([0-9a-f]+)\.([0-7]) +(\d+) /gm)
  for (const [, irq, bus, device, fn, vector] of lines) record(irq!, deviceIdOf(bus!, device!, fn!), vector!)
  // Before 6.2 Linux did not name the function, and its number of the interrupt is the requester ID and eleven bits of the vector.
  for (const [, irq, hwirq] of text.matchAll(/^ *(\d+): .*ITS-MSI +(\d+) /gm))
    record(irq!, Number(hwirq) >> 11, String(Number(hwirq) & 2047))
  // A function whose driver holds interrupts it has not requested yet is mapped without an event.
  for (const [, bus, device, fn] of text.matchAll(/^[0-9a-f]+:([0-9a-f]+):([0-9a-f]+)\.([0-7]) .* msi=\d/gm)) {
    devices.add(deviceIdOf(bus!, device!, fn!))
  }
  return { events, cpus, devices: [...devices].sort((a, b) => a - b) }
}
