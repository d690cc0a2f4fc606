import { createHash } from 'node:crypto'
import { UsageError } from '../failure.ts'

/** A part of the files: all parts together are all of them, and no file is in two. */
export interface Shard {
  /** From 0 on. */
  readonly index: number
  readonly of: number
}

/** What tells a container which of several it is: Kubernetes in a Job with completionMode Indexed, and AWS Batch in an array job. */
const indexNames = ['JOB_COMPLETION_INDEX', 'AWS_BATCH_JOB_ARRAY_INDEX'] as const

/** `2/10`, or `10` where the environment tells the index. */
export function shardOf(text: string, env: Readonly<Record<string, string | undefined>>): Shard {
  const [, given, parts] = /^(?:(\d+)\/)?(\d+)$/.exec(text) ?? []
  if (parts === undefined)
    throw new UsageError('a shard is i/n, as 0/10 for the first of ten, or n where the environment tells i')
  const told = given ?? indexNames.map((name) => env[name]).find((value) => value !== undefined && value !== '')
  if (told === undefined)
    throw new UsageError(`neither ${indexNames.join(' nor ')} tells which of ${parts} it is: name it, as 0/${parts}`)
  const [index, of] = [Number(told), Number(parts)]
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(of) || index >= of)
    throw new UsageError(`shards of ${parts} are 0/${parts} to ${of - 1}/${parts}, and this is ${told}`)
  return { index, of }
}

/** By the path alone: a file that comes or goes while the shards are at work changes the part of no other. */
export function isIn({ index, of }: Shard, path: string): boolean {
  const digest = createHash('sha256').update(path).digest()
  return digest.readUIntBE(0, 6) % of === index
}
