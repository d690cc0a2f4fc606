import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import type { Step } from '@vits/core/conformance'
import { withKvm } from '../lab.ts'
import { playAll } from '../recording.ts'

/**
 * How other programs ask the lab: prints `{release}`, then for each line of standard input, a JSON list of steps, a line with the
 * list of their answers.
 */
export async function play(args: string[]): Promise<number> {
  const { values } = parseArgs({ args, options: { kernel: { type: 'string', default: '6.12' } } })
  return withKvm(values.kernel, async (subject) => {
    const print = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`)
    print({ release: subject.host.release })
    for await (const line of createInterface({ input: process.stdin })) {
      print(await playAll(subject, JSON.parse(line) as Step[]))
      await subject.clear()
    }
    return 0
  })
}
