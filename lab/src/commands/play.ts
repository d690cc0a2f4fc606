import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import type { Step } from '@vits/core/conformance'
import { withKvm } from '../lab.ts'
import { playAll } from '../recording.ts'

/** Plays the steps of standard input, a JSON list, and prints `{release, answers}`: how other programs ask the lab. */
export async function play(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { kernel: { type: 'string', default: '6.12' } } })
  const steps = JSON.parse(await text(process.stdin)) as Step[]
  return withKvm(values.kernel, async (subject) => {
    const answers = await playAll(subject, steps)
    process.stdout.write(JSON.stringify({ release: subject.host.release, answers }))
    return 0
  })
}
