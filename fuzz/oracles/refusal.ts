import { FormatError } from '@vits/core'
import { Broken } from '../target.ts'

/** A file is refused with a FormatError that names a byte and can be printed; whatever else is thrown is a failure of its own. */
export function refusedWithPlace(error: unknown): void {
  if (!(error instanceof FormatError)) throw error
  const { offset, message, expected } = error
  if (!Number.isSafeInteger(offset) || offset < 0) throw new Broken('a refusal names a byte', `${offset} of ${message}`)
  if (expected === '' || /[^ -~]/.test(message)) throw new Broken('a refusal can be printed', JSON.stringify(message))
}
