const BLOCK = 64
const LENGTH_BYTES = 8

/** The first 32 bits behind the point of a root of each of the first primes. */
function rootsOfPrimes(count: number, root: (prime: number) => number): Int32Array {
  const primes: number[] = []
  for (let n = 2; primes.length < count; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n)
  return Int32Array.from(primes, (prime) => ((root(prime) % 1) * 2 ** 32) | 0)
}

const constants = rootsOfPrimes(64, Math.cbrt)
const schedule = new Int32Array(64)

/** SHA-256 of bytes that come piece by piece: xz can keep it of a block. Source: FIPS 180-4. */
export class Sha256Hash {
  readonly #state = rootsOfPrimes(8, Math.sqrt)
  /** The beginning of a block. */
  readonly #rest = new Uint8Array(BLOCK)
  #resting = 0
  #bytes = 0

  add(bytes: Uint8Array): void {
    this.#bytes += bytes.length
    let at = 0
    if (this.#resting > 0) {
      at = Math.min(BLOCK - this.#resting, bytes.length)
      this.#rest.set(bytes.subarray(0, at), this.#resting)
      this.#resting += at
      if (this.#resting < BLOCK) return
      this.#block(this.#rest, 0)
    }
    for (; at + BLOCK <= bytes.length; at += BLOCK) this.#block(bytes, at)
    this.#rest.set(bytes.subarray(at))
    this.#resting = bytes.length - at
  }

  /** Of all that was added; nothing can be added after. */
  digest(): Uint8Array {
    const bits = this.#bytes * 8
    const padding = new Uint8Array(BLOCK - ((this.#resting + LENGTH_BYTES) % BLOCK) + LENGTH_BYTES)
    padding[0] = 0x80
    const end = new DataView(padding.buffer, padding.length - LENGTH_BYTES)
    end.setUint32(0, Math.floor(bits / 2 ** 32))
    end.setUint32(4, bits >>> 0)
    this.add(padding)
    const digest = new DataView(new ArrayBuffer(32))
    this.#state.forEach((word, i) => {
      digest.setInt32(i * 4, word)
    })
    return new Uint8Array(digest.buffer)
  }

  #block(bytes: Uint8Array, start: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + start, BLOCK)
    const w = schedule
    for (let i = 0; i < 16; i++) w[i] = view.getInt32(i * 4)
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15]!, w[i - 2]!]
      const first = turned(x, 7) ^ turned(x, 18) ^ (x >>> 3)
      const second = turned(y, 17) ^ turned(y, 19) ^ (y >>> 10)
      w[i] = (w[i - 16]! + first + w[i - 7]! + second) | 0
    }
    let [a, b, c, d, e, f, g, h] = this.#state as unknown as [number, number, number, number, number, number, number, number]
    for (let i = 0; i < 64; i++) {
      const one = (h + (turned(e, 6) ^ turned(e, 11) ^ turned(e, 25)) + ((e & f) ^ (~e & g)) + constants[i]! + w[i]!) | 0
      const two = ((turned(a, 2) ^ turned(a, 13) ^ turned(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    ;[a, b, c, d, e, f, g, h].forEach((word, i) => {
      this.#state[i]! += word
    })
  }
}

const turned = (word: number, by: number): number => (word >>> by) | (word << (32 - by))
