/**
 * SHA-256 of a text as UTF-8, in hexadecimal.
 *
 * Our own, because browsers have theirs in secure contexts only, and then with a promise. Source: FIPS 180-4.
 */
export function sha256(text: string): string {
  const message = padded(new TextEncoder().encode(text))
  const state = START.slice()
  const schedule = new Uint32Array(64)
  for (let block = 0; block < message.byteLength; block += 64) addBlock(state, message, block, schedule)
  return Array.from(state, (word) => word.toString(16).padStart(8, '0')).join('')
}

const PRIMES = firstPrimes(64)
const START = fractions(Math.sqrt).subarray(0, 8)
const ROUND = fractions(Math.cbrt)

/** The first 32 bits of what stands after the point, of a root of each prime. */
function fractions(root: (prime: number) => number): Uint32Array {
  return Uint32Array.from(PRIMES, (prime) => (root(prime) % 1) * 2 ** 32)
}

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++)
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  return primes
}

/** The message with its end mark and its length in bits. */
function padded(bytes: Uint8Array): DataView {
  const { length } = bytes
  const message = new Uint8Array((((length + 8) >> 6) + 1) * 64)
  message.set(bytes)
  message[length] = 0x80
  const view = new DataView(message.buffer)
  view.setUint32(message.length - 8, length / 2 ** 29)
  view.setUint32(message.length - 4, length << 3)
  return view
}

const rotate = (word: number, by: number): number => (word >>> by) | (word << (32 - by))
const at = (words: Uint32Array, index: number): number => words[index] ?? 0

function addBlock(state: Uint32Array, message: DataView, block: number, w: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state
  for (let i = 0; i < 64; i++) {
    const early = at(w, i - 15)
    const late = at(w, i - 2)
    w[i] =
      i < 16
        ? message.getUint32(block + i * 4)
        : at(w, i - 16) +
          (rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) +
          at(w, i - 7) +
          (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10))
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(ROUND, i) + at(w, i)) | 0
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0
    ;[h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0]
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = at(state, i) + word
}
