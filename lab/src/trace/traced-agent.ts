import { KVM_DEV_ARM_VGIC_GRP as GROUP, KVM_DEV_TYPE } from '@vits/core/abi'
import type { Agent, Answer } from '../agent.ts'
import { traces } from './traces.ts'

type Members = Readonly<Record<string, unknown>>

/** File descriptors as they stand in the trace; the agent has its own. */
const GIC_FD = 10
const FIRST_ITS_FD = 11

/** What a kernel answers to each of the traces, by name; a line that the agent does not obey ends it. */
export async function tracesOf(agent: Agent): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const [name, deeds] of Object.entries(traces)) {
    const asked = new TracedAgent(agent)
    for (const [by, line] of deeds) await asked.ask(line, by)
    await agent.request('del 0')
    found.set(name, asked.trace)
  }
  return found
}

/** The agent, and the trace of the ioctls that its lines have become. */
export class TracedAgent {
  readonly #agent: Agent
  readonly #lines: string[] = []
  #itses = 0

  constructor(agent: Agent) {
    this.#agent = agent
  }

  /** The trace so far, as `vits lint` reads it. */
  get trace(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }

  /** What a VMM does is traced; what its guest does, by MMIO, no trace of ioctls shows. */
  async ask(line: string, by: 'VMM' | 'guest' = 'VMM'): Promise<Answer> {
    const answer = await this.#agent.request(line)
    if (by === 'guest') return answer
    const [verb = '', ...words] = line.split(' ')
    const traced = this.#traced[verb]?.(words, answer)
    for (const call of traced ?? []) this.#lines.push(JSON.stringify(call))
    return answer
  }

  readonly #traced: Readonly<Record<string, (words: readonly string[], answer: Answer) => Members[]>> = {
    new: () => {
      this.#itses = 0
      return [{ op: 'create-vm' }]
    },
    mem: ([slot, base, bytes]) => [{ op: 'memory', slot: number(slot), base: `0x${base}`, bytes: `0x${bytes}` }],
    vcpu: ([id], { rc }) => [{ op: 'vcpu', id: number(id), ...(rc < 0 && { ret: rc }) }],
    gic: () => [{ op: 'create', fd: GIC_FD, type: KVM_DEV_TYPE.ARM_VGIC_V3 }],
    its: () => [{ op: 'create', fd: FIRST_ITS_FD + this.#itses++, type: KVM_DEV_TYPE.ARM_VGIC_ITS }],
    set: ([device, group, attr, value], { rc }) => [this.#attribute('set', { device, group, attr }, value, rc)],
    get: ([device, group, attr], { rc, data }) => [this.#attribute('get', { device, group, attr }, data || undefined, rc)],
    dirty: ([slot]) => [{ op: 'dirty-log', slot: number(slot) }],
    msi: ([, data, devid], { rc }) => [{ op: 'msi', devid: number(devid), data: number(data), ret: rc }],
    spin: () => [{ op: 'run' }],
  }

  #attribute(
    op: string,
    { device, group, attr }: Record<string, string | undefined>,
    value: string | undefined,
    rc: number,
  ): Members {
    const fd = device === 'g' ? GIC_FD : FIRST_ITS_FD + number(device!.slice(1) || '0')
    const told = value === undefined || number(group) === GROUP.CTRL ? {} : { value: `0x${value}` }
    return { op, fd, group: number(group), attr: `0x${attr}`, ...told, ...(rc < 0 && { ret: rc }) }
  }
}

const number = (hex = '0') => Number.parseInt(hex, 16)
