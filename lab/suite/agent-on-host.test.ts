import { afterAll, beforeAll, expect, it } from 'vitest'
import { Agent } from '../src/agent.ts'
import { kernelImage } from '../src/cache.ts'
import { AGENT } from '../src/folders.ts'
import { NestedHost } from '../src/guests/nested-host.ts'
import type { StartMachine } from '../src/machine.ts'
import { orders } from '../src/tested/parts.ts'

const MINUTES = 60_000

let host: NestedHost
beforeAll(async () => {
  host = await NestedHost.boot(kernelImage('6.12'))
  await host.put(AGENT, '/tmp/agent')
}, 5 * MINUTES)
afterAll(() => host?.stop())

/** The agent as a program of that host; its lines go through a port. */
const startThere: StartMachine = (_options, events) => {
  const port = host.port('guest')
  const ended = host.shell.must('chmod +x /tmp/agent; AGENT=stdio /tmp/agent 0<>/dev/guest 1>&0', 300).then(() => {
    events.died('the agent ended')
  })
  let over = false
  const listen = async () => {
    while (!over) events.received(Buffer.from(`${(await port.until(/\n/, 300)).before}\n`, 'latin1'))
  }
  listen().catch(() => {})
  const end = () => {
    over = true
  }
  void ended.then(end)
  return { transport: 'pipe', send: (text) => port.send(text), kill: end, ended }
}

it('the agent asks the KVM of a host as one program of many, and ends without ending the host', {
  timeout: 5 * MINUTES,
}, async () => {
  const agent = await Agent.boot({ kernel: 'that host' }, startThere)
  expect(await orders(agent)).toEqual([])
  await agent.stop()
  expect(await host.shell.must('echo still here')).toContain('still here')
})
