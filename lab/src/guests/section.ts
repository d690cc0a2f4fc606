/**
 * A part of what a guest's script printed, from the line `== NAME` to the next such line.
 *
 * @throws Error when it is missing.
 */
export function section(text: string, name: string): string {
  const start = text.indexOf(`== ${name}\n`)
  if (start < 0) throw new Error(`the guest did not say its ${name}: ${text.slice(-200)}`)
  const end = text.indexOf('\n== ', start)
  return text.slice(start + name.length + 4, end < 0 ? undefined : end + 1)
}
