/** A file, or the marked part of one, that is printed from what the code declares. */
export interface GeneratedDoc {
  readonly path: string
  readonly content: () => string | Promise<string>
}
