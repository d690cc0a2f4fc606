import { type Errno, errnos } from '../memory/index.ts'

/** What strerror(3) says of each errno, as the VMMs print it. */
export const errnoTexts: Readonly<Record<Errno, string>> = {
  EPERM: 'Operation not permitted',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EFAULT: 'Bad address',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  ENODEV: 'No such device',
  EINVAL: 'Invalid argument',
  ENOSPC: 'No space left on device',
}

const names = Object.keys(errnos) as Errno[]

/** The longer text first: ENODEV's is the beginning of ENXIO's. */
const byText = [...names].sort((a, b) => errnoTexts[b].length - errnoTexts[a].length)

/** The errno that a word names: `EINVAL`, `einval`, `22`, `-22`. Undefined for any other. */
export function errnoNamed(word: string): Errno | undefined {
  const number = /^-?(\d{1,4})$/.exec(word)?.[1]
  return names.find((name) => (number === undefined ? name === word.toUpperCase() : errnos[name] === Number(number)))
}

/** The errno of which a text speaks: by its name, in the words of strerror(3), or as `os error 22`, `Error(22)`, `errno 22`, `-22`. */
export function errnoIn(text: string): Errno | undefined {
  const [name] = /\bE[A-Z0-9]{3,}\b/.exec(text) ?? []
  if (name !== undefined && Object.hasOwn(errnos, name)) return name as Errno
  const number = /(?:os error |Error\(|errno:? ?|(?<![\w.])-)(\d{1,4})\b/i.exec(text)?.[1]
  if (number !== undefined) return errnoNamed(number)
  const lower = text.toLowerCase()
  return byText.find((one) => lower.includes(errnoTexts[one].toLowerCase()))
}
