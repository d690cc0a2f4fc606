import type { Mutator } from '../target.ts'
import type { BytesModel } from './bytes.ts'

const FOOTER = 0x7e
const MOST = 200

/** Where pieces of a stream may begin: behind what looks like the footer of a section, and at its ends. */
function borders(bytes: Uint8Array): number[] {
  const found = [0]
  for (let at = bytes.indexOf(FOOTER); at >= 0 && found.length < MOST; at = bytes.indexOf(FOOTER, at + 1)) {
    if (bytes[at + 1] === 0 && bytes[at + 2] === 0) found.push(at + 5)
  }
  return [...found, bytes.length]
}

/** Whole sections of a stream come twice, not at all, or in another order. */
export const moveSection: Mutator<BytesModel> = (model, random) => {
  const { bytes } = model
  const places = borders(bytes)
  const n = random.below(places.length - 1)
  const [from, to] = [places[n]!, places[n + 1]!]
  const piece = bytes.subarray(from, to)
  const without = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
  const at = Math.min(random.pick(places), without.length)
  const kind = random.below(3)
  if (kind === 0) model.bytes = new Uint8Array(without)
  else if (kind === 1) model.bytes = new Uint8Array(Buffer.concat([bytes.subarray(0, to), piece, bytes.subarray(to)]))
  else model.bytes = new Uint8Array(Buffer.concat([without.subarray(0, at), piece, without.subarray(at)]))
}
