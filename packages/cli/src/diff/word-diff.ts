/** A piece of two texts: in both, only in the first, or only in the second. */
export interface Piece {
  readonly kind: 'both' | 'first' | 'second'
  readonly text: string
}

/** Comparing every word with every other costs their product: beyond this only what is around them is told apart. */
const maxProduct = 4_000_000

/** What is different between two texts, word by word. The pieces of a kind together are the text. */
export function wordDiff(first: string, second: string): Piece[] {
  const a = wordsOf(first)
  const b = wordsOf(second)
  let start = 0
  while (start < a.length && start < b.length && a[start] === b[start]) start++
  let end = 0
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++
  const middle = between(a.slice(start, a.length - end), b.slice(start, b.length - end))
  const whole: Piece[] = [
    { kind: 'both', text: a.slice(0, start).join('') },
    ...middle,
    { kind: 'both', text: a.slice(a.length - end).join('') },
  ]
  return joined(whole)
}

/** Words, spaces and signs, each by itself: together they are the text. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}_]+|\s+|[^\p{L}\p{M}\p{N}_\s]/gu) ?? []
}

/** The longest words that both have in the same order, and what is between them. */
function between(a: readonly string[], b: readonly string[]): Piece[] {
  const only: Piece[] = [
    { kind: 'first', text: a.join('') },
    { kind: 'second', text: b.join('') },
  ]
  if (a.length * b.length > maxProduct) return only
  const width = b.length + 1
  const lengths = new Uint32Array((a.length + 1) * width)
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1))
    }
  }
  const pieces: Piece[] = []
  let i = 0
  let j = 0
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      pieces.push({ kind: 'both', text: a[i] ?? '' })
      i++
      j++
    } else if (j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1))) {
      pieces.push({ kind: 'first', text: a[i++] ?? '' })
    } else {
      pieces.push({ kind: 'second', text: b[j++] ?? '' })
    }
  }
  return pieces
}

/** Neighbours of one kind are one piece, and nothing is no piece. What was left out comes before what was put in. */
function joined(pieces: readonly Piece[]): Piece[] {
  const out: Piece[] = []
  for (const piece of pieces) {
    if (piece.text === '') continue
    const last = out.at(-1)
    const before = out.at(-2)
    if (last?.kind === piece.kind) out[out.length - 1] = { kind: piece.kind, text: last.text + piece.text }
    else if (last?.kind === 'second' && piece.kind === 'first' && before?.kind === 'first')
      out[out.length - 2] = { kind: 'first', text: before.text + piece.text }
    else out.push(piece)
  }
  return out
}
