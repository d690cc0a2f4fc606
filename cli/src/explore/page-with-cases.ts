/** A case as a page carries it. */
export interface Carried {
  /** The file, as it was named. */
  readonly name: string
  readonly bytes: Uint8Array
  readonly isScrubbed: boolean
  /** The kernel that the page begins with; its newest when not named. */
  readonly kernel: string | undefined
}

/** Where a page has room for cases. */
const PLACE = '<!-- cases -->'

/** Puts cases into a page. They are data to it: nothing in them is obeyed. @throws RangeError for a page without room. */
export function pageWithCases(page: string, cases: readonly Carried[]): string {
  const [before, after, ...more] = page.split(PLACE)
  if (before === undefined || after === undefined || more.length > 0) throw new RangeError('the page has no place for a case')
  return [before, cases.map(script).join('\n'), after].join('')
}

function script({ name, bytes, isScrubbed, kernel }: Carried): string {
  const words = [
    `data-case="${attribute(name)}"`,
    ...(isScrubbed ? ['data-scrubbed'] : []),
    ...(kernel === undefined ? [] : [`data-kernel="${attribute(kernel)}"`]),
  ]
  return `<script type="application/octet-stream" ${words.join(' ')}>${Buffer.from(bytes).toString('base64')}</script>`
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }
const attribute = (text: string): string => text.replace(/[&"<>]/g, (character) => entities[character]!)
