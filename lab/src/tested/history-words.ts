import { decodeCommand, hex } from '@vits/core/abi'
import type { QueuedCommand, Step } from '@vits/core/conformance'

/** Characters of a history on its line, and of an answer. */
const LONGEST = 480
/** Words of memory that are told of an answer. */
const WORDS = 4

const controls: Readonly<Partial<Record<Step['op'], string>>> = {
  its_save_tables: 'ITS_SAVE_TABLES',
  its_restore_tables: 'ITS_RESTORE_TABLES',
  its_ctrl_reset: 'ITS_CTRL_RESET',
  its_ctrl_init: 'VGIC_CTRL_INIT of the ITS',
  gic_ctrl_init: 'VGIC_CTRL_INIT',
  gic_save_pending_tables: 'SAVE_PENDING_TABLES',
}

/** A history on one line; the middle of a long one is left out. */
export function historyWords(steps: readonly Step[]): string {
  const words = steps.map(stepWords).filter((word) => word !== '')
  let [head, tail] = [1, 1]
  const shown = () => [...words.slice(0, head), `… ${words.length - head - tail} more …`, ...words.slice(-tail)].join(' · ')
  while (head + tail < words.length && shown().length < LONGEST) tail > 2 * head ? head++ : tail++
  return head + tail < words.length ? shown() : words.join(' · ')
}

function stepWords(step: Step): string {
  const on = 'its' in step && step.its !== undefined ? ` of ITS ${step.its}` : ''
  switch (step.op) {
    case 'create_vm':
      return step.vcpus === 1 ? '1 vCPU' : `${step.vcpus} vCPUs`
    case 'destroy_vm':
      return step.ram_kept ? 'the VM goes, its RAM stays' : 'the VM goes'
    case 'mem_slot':
      return BigInt(step.size) === 0n ? `RAM goes at ${step.base}` : `RAM comes at ${step.base}`
    case 'its_write':
      return `${step.reg}${on} = ${step.value}`
    case 'its_read':
      return `read ${step.reg}${on}`
    case 'its_regs':
      return `read the registers${on}`
    case 'redist_write':
      return `${step.reg} of vCPU ${step.cpu} = ${step.value}`
    case 'redist_read':
      return `read ${step.reg} of vCPU ${step.cpu}`
    case 'mem_write':
      return `write ${step.what ?? `${(step.hex ?? '').length / 2} bytes`} at ${step.gpa}`
    case 'mem_zero':
      return `clear ${step.what ?? step.len} at ${step.gpa}`
    case 'mem_dump':
      return `look at ${step.what}`
    case 'dirty_log':
      return 'ask which pages KVM wrote'
    case 'commands':
      return step.list
        .filter(({ name }) => name !== 'SYNC')
        .map((command) => `${commandWords(command)}${on}`)
        .join(' · ')
    case 'signal_msi':
      return `MSI ${step.devid}/${Number(step.eventid)}`
    case 'guest_acknowledged':
      return `the guest on vCPU ${step.cpu} takes what is pending`
    case 'its_ctrl_attr':
    case 'gic_ctrl_attr':
      return `attribute ${step.attr} of the CTRL group${on}`
    case 'raw':
      return step.what
    default:
      return controls[step.op] === undefined ? '' : `${controls[step.op]}${on}`
  }
}

function commandWords({ name, dw }: QueuedCommand): string {
  const words = Uint32Array.from(dw.flatMap((word) => [Number(BigInt(word) & 0xffffffffn), Number(BigInt(word) >> 32n)]))
  const command = decodeCommand(words)
  if (command === undefined) return name
  const args = Object.entries(command.args).map(
    ([key, value]) => `${key}=${typeof value === 'number' ? hex(value) : Number(value)}`,
  )
  return [command.name, ...args].join(' ')
}

/** Two answers as far as they differ: of memory, the words that are not the same. */
export function answerWords(expected: string, got: string): readonly [expected: string, got: string] {
  const [left, right] = [expected.split(' '), got.split(' ')]
  const isMemory = [...left, ...right].every((word) => word === '' || /^0x[0-9a-f]+:/.test(word))
  if (!isMemory || left.length + right.length < 3) return [abridged(expected), abridged(got)]
  const places = [...new Set([...left, ...right].map((word) => word.split(':')[0]!))].filter((place) => place !== '')
  const at = (words: readonly string[], place: string) => words.find((word) => word.startsWith(`${place}:`)) ?? `${place}:0`
  const other = places.filter((place) => at(left, place) !== at(right, place))
  const more = other.length > WORDS ? ` and ${other.length - WORDS} words more` : ''
  const told = (words: readonly string[]) =>
    `${other
      .slice(0, WORDS)
      .map((place) => at(words, place))
      .join(' ')}${more}`
  return [told(left), told(right)]
}

const abridged = (text: string) => (text === '' ? 'nothing' : text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text)
