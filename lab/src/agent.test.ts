import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Agent, HostDied } from './agent.ts'
import type { MachineEvents, StartMachine } from './machine.ts'

const PIPE_BYTES = 65536

/** A machine that answers when it is told to: `obey` gives the text after rc and ns. */
class FakeMachine {
  events: MachineEvents | undefined
  killed = false
  mostInFlight = 0
  #inFlight = 0
  readonly #waiting: string[] = []
  #end: () => void = () => {}
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve
  })

  readonly start: StartMachine = (_options, events) => {
    this.events = events
    queueMicrotask(() => this.say('some words of a kernel\nREADY 0\n'))
    return { transport: 'fifo', send: (text) => this.#send(text), kill: () => this.#kill(), ended: this.#ended }
  }

  say(text: string): void {
    this.events!.received(Buffer.from(text))
  }

  answerAll(obey: (line: string) => string): void {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting.splice(0)
      this.#inFlight -= lines.reduce((sum, line) => sum + line.length + 1, 0)
      this.say(lines.map((line) => `${obey(line)}\n`).join(''))
    }
  }

  #send(text: string): void {
    const lines = text.split('\n').slice(0, -1)
    if (lines.includes('quit')) this.#end()
    this.#waiting.push(...lines)
    this.#inFlight += text.length
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight)
  }

  #kill(): void {
    this.killed = true
    this.#end()
  }
}

const boot = async () => {
  const machine = new FakeMachine()
  return { machine, agent: await Agent.boot({ kernel: 'vmlinuz' }, machine.start) }
}

describe('the agent', () => {
  it('answers lines in the order they were asked', async () => {
    const { machine, agent } = await boot()
    const asked = ['a', 'b', 'c'].map((line) => agent.request(line))
    await Promise.resolve()
    machine.answerAll((line) => `0 12 data of ${line}`)
    expect(await Promise.all(asked)).toEqual(['a', 'b', 'c'].map((line) => ({ rc: 0, ns: 12, data: `data of ${line}` })))
    await agent.stop()
  })

  it('has never more in flight than a pipe holds, however much is asked at once', async () => {
    const { machine, agent } = await boot()
    const asked = Array.from({ length: 500 }, (_, n) => agent.request(`w ${n} ${'00'.repeat(700)}`))
    await Promise.resolve()
    machine.answerAll(() => '0 1 ')
    await Promise.all(asked)
    expect(machine.mostInFlight).toBeLessThan(PIPE_BYTES)
    expect(machine.mostInFlight).toBeGreaterThan(PIPE_BYTES / 2)
    await agent.stop()
  })

  it('puts answers together that come in pieces', async () => {
    const { machine, agent } = await boot()
    const asked = agent.request('r 0 8')
    await Promise.resolve()
    for (const piece of ['-1', '4 77', ' 0:ff', '\n']) machine.say(piece)
    expect(await asked).toEqual({ rc: -14, ns: 77, data: '0:ff' })
    await agent.stop()
  })

  it('names the line that is not understood', async () => {
    const { machine, agent } = await boot()
    const asked = agent.request('frobnicate 1')
    await Promise.resolve()
    machine.answerAll(() => '-9999 0 ')
    await expect(asked).rejects.toThrow('the agent does not understand: frobnicate 1')
    await agent.stop()
  })

  it('fails what waits, and what comes, when the machine dies', async () => {
    const { machine, agent } = await boot()
    const asked = agent.request('ping')
    machine.events!.died('QEMU ended with SIGKILL')
    await expect(asked).rejects.toThrow('QEMU ended with SIGKILL')
    await expect(agent.request('ping')).rejects.toThrow('QEMU ended with SIGKILL')
  })

  it('calls a machine dead that says nothing while something waits, and ends it', async () => {
    const machine = new FakeMachine()
    const agent = await Agent.boot({ kernel: 'vmlinuz' }, machine.start, 20)
    await new Promise((resolve) => setTimeout(resolve, 40))
    expect(agent.dead).toBe(false)
    const asked = agent.request('set i0 4 1')
    await expect(asked).rejects.toThrow(new HostDied('the kernel is silent, asked set i0 4 1'))
    expect([agent.dead, machine.killed]).toEqual([true, true])
  })

  it('says why the agent could not go on', async () => {
    const { machine, agent } = await boot()
    const asked = [agent.request('vcpu'), agent.request('ping')]
    await Promise.resolve()
    machine.say('STOPPED mmap of a vCPU: Cannot allocate memory\n')
    for (const answer of asked) {
      await expect(answer).rejects.toThrow('the agent stopped: mmap of a vCPU: Cannot allocate memory')
    }
  })

  it('does not boot a kernel without KVM, and leaves no machine behind', async () => {
    const machine = new FakeMachine()
    const start: StartMachine = (options, events) => {
      const started = machine.start(options, { ...events, received: () => {} })
      queueMicrotask(() => events.received(Buffer.from('READY -2\n')))
      return started
    }
    await expect(Agent.boot({ kernel: 'vmlinuz' }, start)).rejects.toThrow('this kernel has no KVM (errno 2 on /dev/kvm)')
    expect(machine.killed).toBe(true)
  })

  it('is a program here, where this machine is the host: lines and answers go through pipes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'vits-agent-'))
    const program = join(folder, 'agent')
    const answer = "if (line === 'quit') process.exit(0); else console.log('0 1 ' + process.env.AGENT + ' ' + line)"
    const echo = `for await (const text of process.stdin) for (const line of String(text).trim().split('\\n')) ${answer}`
    writeFileSync(`${program}.mjs`, `console.log('READY 0')\n${echo}\n`)
    writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${program}.mjs'\n`, { mode: 0o755 })
    try {
      const agent = await Agent.boot({ kernel: 'here', host: program })
      expect(await Promise.all(['a', 'b'].map((line) => agent.request(line)))).toEqual(
        ['a', 'b'].map((line) => ({ rc: 0, ns: 1, data: `stdio ${line}` })),
      )
      await agent.stop()
      expect(agent.dead).toBe(true)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
