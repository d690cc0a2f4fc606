import { mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { Agent } from '../agent.ts'
import { kernelImage } from '../cache.ts'
import { tracesOf } from '../trace/traced-agent.ts'

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

/** Each trace by its name, asked of one kernel. */
export async function traced(kernel: string): Promise<ReadonlyMap<string, string>> {
  const agent = await Agent.boot({ kernel: kernelImage(kernel) })
  try {
    return await tracesOf(agent)
  } finally {
    await agent.stop()
  }
}
