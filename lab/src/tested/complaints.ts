import type { KernelDifference } from './part.ts'

/** How a kernel begins to say that something is wrong with itself. */
const COMPLAINT =
  /^.*?((?:WARNING: (?!.*deprecated)|BUG: |kernel BUG at |Internal error: |KASAN: |UBSAN: |KCSAN: |watchdog: |INFO: \w+ (?:blocked|self-detected)|possible (?:circular|recursive) locking|Unable to handle).*)$/gm

/** What a kernel complained of on its console while it was asked, each once. */
export function complaints(console: string): KernelDifference[] {
  const text = console.replaceAll('\r', '')
  const found = new Map<string, KernelDifference>()
  for (const { 1: complaint = '', index } of text.matchAll(COMPLAINT)) {
    const title = complaint.replace(/CPU: \d+|PID: \d+|\b[0-9a-f]{12,16}\b/g, '…')
    if (found.has(title)) continue
    // The function is in the line itself, or where the registers are told.
    const place = /\b((?:vgic|kvm|its)_\w+)\+0x/.exec(text.slice(index, index + 3000))?.[1]
    const told = { title, history: 'told on the console while it was asked', expected: 'no complaint', got: complaint }
    found.set(title, { ...told, ...(place !== undefined && { decidedIn: place }) })
  }
  return [...found.values()]
}

/** What tells why a kernel cannot be asked. */
const TELLING = /kvm|panic|bug:|unable|fail|error/i

/** The end of what a kernel said, and lines before it that tell why it cannot be asked. */
export function endOf(console: string, lines = 12): string {
  const said = console.replaceAll('\r', '').trim().split('\n')
  if (said[0] === '') return '  nothing: it said no word'
  const about = said.slice(0, -lines).filter((line) => TELLING.test(line) && !/command line/i.test(line))
  return [...about.slice(-6), ...(about.length > 0 ? ['...'] : []), ...said.slice(-lines)].map((line) => `  ${line}`).join('\n')
}
