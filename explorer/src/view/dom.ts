/** What may stand in an element: text is only ever text. */
export type Child = Node | string | number | undefined | null | false | readonly Child[]

type Handler = (event: never) => void
type Props = Readonly<Record<string, string | number | boolean | undefined | Handler>>

/** An element: a property whose name begins with `on` is a listener, `true` an attribute without a value, `false` none. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === false) continue
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener)
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

export function append(element: Element, children: readonly Child[]): void {
  for (const child of children) {
    if (child === undefined || child === null || child === false) continue
    if (Array.isArray(child)) append(element, child)
    else element.append(child instanceof Node ? child : String(child))
  }
}

/** The element with an id, which the page always has. */
export const byId = (id: string): HTMLElement => document.getElementById(id)!

export const hex = (n: number): string => `0x${n.toString(16)}`
/** The bytes that a page carries as base64: without a call for each of them, which would keep the page waiting. */
export function bytesIn(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** A file's name without the folders in front of it. */
export const shortName = (path: string): string => path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1) || path

export const many = (n: number): string => n.toLocaleString('en')

/** A button that looks like a link. */
export const link = (text: string, go: () => void): HTMLElement =>
  h('button', { class: 'link', type: 'button', onclick: go }, text)
