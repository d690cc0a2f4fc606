import { isKvmError, NotLoadedError } from '../memory/index.ts'

/** What `read` reads; undefined when that is not in RAM, or was not loaded because the tables are absurdly large. */
export function ifThere<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isKvmError(error) || error instanceof NotLoadedError) return undefined
    throw error
  }
}
