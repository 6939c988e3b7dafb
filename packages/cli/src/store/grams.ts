/**
 * What a text is searched by, and a filter that says which texts surely hold none of it.
 *
 * A text is cut into grams: three letters of the Latin alphabet, one and two characters of any other, since a word of
 * Chinese is two characters long. A filter is a bitmap with one bit set for each (Bloom, 1970, with one hash): a text
 * that holds the words of a search has all their bits.
 */

/** Upper and lower case, and an accent or none, are the same to who searches. */
export function folded(text: string): string {
  const lower = text.toLowerCase()
  return lower.replaceAll(notAscii, (piece) => piece.normalize('NFKD').replaceAll(/\p{M}+/gu, ''))
}

// Piece by piece: typographic quotes and dashes are few in a text, and to look at all of it takes eight times as long.
// oxlint-disable-next-line no-control-regex
const notAscii = /[^\u0000-\u007F]+/g

/**
 * Whether the line of a record may hold the words, folded as they are: reading it as JSON takes longer than looking at it.
 * What is written otherwise in JSON than in a text cannot be told so.
 */
export function mayStandIn(line: string, words: readonly string[]): boolean {
  if (line.includes('\\u')) return true
  const text = folded(line)
  return words.every((word) => isEscaped.test(word) || text.includes(word))
}

// oxlint-disable-next-line no-control-regex
const isEscaped = /["\\\u0000-\u001F]/

/** Calls back with the hash of every gram of a folded text. Not a generator: an index is a hundred million of them. */
function forEachGram(text: string, visit: (gram: number) => void): void {
  const last = text.length - 1
  let a = text.charCodeAt(0)
  let b = text.charCodeAt(1)
  for (let at = 0; at <= last; at++) {
    const c = at + 2 <= last ? text.charCodeAt(at + 2) : 0
    if (a >= 128) visit(hash(a, 0, 0))
    if (at < last) {
      if (a >= 128 || b >= 128) visit(hash(a, b, 1))
      else if (at + 1 < last && c < 128) visit(hash(a, b, c))
    }
    a = b
    b = c
  }
}

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a + 1, 0x9e3779b1) ^ Math.imul(b + 1, 0x85ebca77) ^ Math.imul(c + 1, 0xc2b2ae3d)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  return (mixed ^ (mixed >>> 13)) >>> 0
}

/** At most this many bytes for a message, however long: its filter then says less, and it is read more often. */
const maxFilterBytes = 4096

/** A bitmap whose length is a power of two: less than half of its bits are set, for texts that are not too long. */
export function createFilter(text: string): Uint8Array {
  const searched = folded(text)
  let bytes = 8
  // Grams repeat: an English text of 1000 letters has some 600.
  while (bytes * 8 < searched.length && bytes < maxFilterBytes) bytes *= 2
  const filter = new Uint8Array(bytes)
  const mask = bytes * 8 - 1
  forEachGram(searched, (gram) => {
    const bit = gram & mask
    filter[bit >>> 3] = (filter[bit >>> 3] ?? 0) | (1 << (bit & 7))
  })
  return filter
}

/** The grams of a search. None: the words are too short to tell texts apart, every text has to be read. */
export function queryGrams(words: readonly string[]): Uint32Array {
  const grams = new Set<number>()
  for (const word of words) forEachGram(word, (gram) => grams.add(gram))
  return Uint32Array.from(grams)
}

/** Whether the text behind a filter, which lies inside of `filters`, may hold all of the grams. */
export function mayHold(filters: Uint8Array, offset: number, bytes: number, grams: Uint32Array): boolean {
  const mask = bytes * 8 - 1
  for (const gram of grams) {
    const bit = gram & mask
    if (((filters[offset + (bit >>> 3)] ?? 0) & (1 << (bit & 7))) === 0) return false
  }
  return true
}
