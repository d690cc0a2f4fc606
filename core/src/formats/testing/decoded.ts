import type { Decoder } from '../packed/decoder.ts'

/** All that a decoder makes from here on, and where its pieces ended. */
export async function decoded(decoder: Decoder): Promise<{ readonly bytes: Buffer; readonly held: number }> {
  const pieces: Uint8Array[] = []
  let held = 0
  for (let made = await decoder.more(); made > 0; made = await decoder.more()) {
    pieces.push(decoder.history.last(made).slice())
    held = Math.max(held, decoder.history.bytes.length)
  }
  return { bytes: Buffer.concat(pieces), held }
}
