import { section } from './section.ts'

/** An event that the guest's kernel has allocated: its function, its interrupt, and what its ITS driver said of it. */
export interface GuestMapping {
  /** The PCI function, `0000:01:00.0`. */
  readonly function: string
  readonly irq: number
  readonly eventId: number
  readonly lpi: number
  /** The CPU that the guest has aimed it at; null when it has not. */
  readonly cpu: number | null
}

/** What the guest itself says of its interrupts, as `guest/view` prints it. */
export interface GuestView {
  readonly mappings: readonly GuestMapping[]
  readonly online: string
  readonly release: string
}

/**
 * Reads what `guest/view` printed. An interrupt that the ITS driver never spoke of is left out, so are those of other chips.
 *
 * @throws Error when a section is missing.
 */
export function guestView(text: string): GuestView {
  const spoken = new Map<number, { eventId: number; lpi: number }>()
  for (const [, eventId, lpi, irq] of section(text, 'its').matchAll(/ID:(\d+) pID:(\d+) vID:(\d+)/g)) {
    spoken.set(Number(irq), { eventId: Number(eventId), lpi: Number(lpi) })
  }
  const cpus = new Map<number, number>()
  for (const [, irq, mask] of section(text, 'affinity').matchAll(/irq\/(\d+)\/effective_affinity:([0-9a-f,]+)/g)) {
    const bits = BigInt(`0x${mask!.replaceAll(',', '')}`).toString(2)
    if (bits !== '0') cpus.set(Number(irq), bits.length - 1)
  }
  const mappings = [...section(text, 'vectors').matchAll(/devices\/(\S+)\/msi_irqs\/(\d+)$/gm)].flatMap(([, name, number]) => {
    const irq = Number(number)
    const said = spoken.get(irq)
    return said === undefined ? [] : [{ function: name!, irq, ...said, cpu: cpus.get(irq) ?? null }]
  })
  return { mappings, online: section(text, 'online').trim(), release: section(text, 'release').trim() }
}
