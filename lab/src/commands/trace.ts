import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent } from '../agent.ts'
import { kernelImage } from '../cache.ts'
import { TracedAgent } from '../trace/traced-agent.ts'
import { traces } from '../trace/traces.ts'

/** Saves and restores a VM in the right order and in each wrong one, and writes the trace of each: what `vits lint` judges. */
export async function trace(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { kernel: { type: 'string', default: '6.12' }, out: { type: 'string', default: 'fixtures/traces' } },
  })
  mkdirSync(values.out, { recursive: true })
  for (const [name, text] of await traced(values.kernel)) {
    writeFileSync(`${values.out}/${name}.jsonl`, text)
    console.log(`${values.out}/${name}.jsonl`)
  }
  return 0
}

/** Each trace by its name, asked of one kernel; a line that the agent does not obey ends it. */
export async function traced(kernel: string): Promise<ReadonlyMap<string, string>> {
  const agent = await Agent.boot({ kernel: kernelImage(kernel) })
  try {
    const found = new Map<string, string>()
    for (const [name, deeds] of Object.entries(traces)) {
      const asked = new TracedAgent(agent)
      for (const [by, line] of deeds) await asked.ask(line, by)
      await agent.request('del 0')
      found.set(name, asked.trace)
    }
    return found
  } finally {
    await agent.stop()
  }
}
