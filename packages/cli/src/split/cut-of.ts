import { splitCompletion, textOf, type SplitOptions } from '@deltawire/core'
import { randomNumbers } from '../random-numbers.ts'
import { loadTokens } from './tokens-of.ts'

/** How much text a chunk carries: one of these, so many characters, or so many bytes of UTF-8. */
export type CutUnit = 'character' | 'token' | 'word' | number | { readonly bytes: number }

/** What a text consists of, and how much of it goes into a chunk. */
interface Measure {
  readonly piecesOf: (text: string) => readonly string[]
  readonly sizeOf: (piece: string) => number
  readonly usual: number
  /** The most that a lot can give. */
  readonly most: number
}

/** So many words, characters or tokens at once: what a busy server sends together. */
const mostByLot = 4

/**
 * How `splitCompletion` is to cut.
 *
 * @param seed several at a time, by lot: 1 to 4 characters, words or tokens, from 1 to nearly twice as many as are given
 */
export async function cutOf(unit: CutUnit, seed?: number): Promise<NonNullable<SplitOptions['by']>> {
  if (seed === undefined && (unit === 'character' || unit === 'word' || typeof unit === 'number')) return unit
  const { piecesOf, sizeOf, usual, most } = await measureOf(unit)
  const random = seed === undefined ? undefined : randomNumbers(seed)
  const room = () => (random === undefined ? usual : 1 + Math.floor(random() * most))
  return (text) => grouped(piecesOf(text), sizeOf, room)
}

async function measureOf(unit: CutUnit): Promise<Measure> {
  const single = { sizeOf: () => 1, usual: 1, most: mostByLot }
  if (unit === 'character') return { ...single, piecesOf: charactersOf }
  if (unit === 'word') return { ...single, piecesOf: wordsOf }
  if (unit === 'token') return { ...single, piecesOf: await loadTokens() }
  const [usual, sizeOf] =
    typeof unit === 'number' ? [unit, ({ length }: string) => length] : [unit.bytes, Buffer.byteLength]
  return { piecesOf: charactersOf, sizeOf: (piece) => sizeOf(piece), usual, most: 2 * usual - 1 }
}

const charactersOf = (text: string): string[] => [...text]

/** As core finds them: those of a completion that says nothing else. */
function wordsOf(content: string): string[] {
  const message = { role: 'assistant', content, refusal: null } as const
  const choices = [{ index: 0, message, finish_reason: null, logprobs: null }]
  const chunks = splitCompletion({ id: '', object: 'chat.completion', created: 0, model: '', choices })
  return [...chunks].map((chunk) => textOf(chunk)).filter((word) => word !== '')
}

/** As many pieces together as there is room for, and one at least. */
function* grouped(
  pieces: readonly string[],
  sizeOf: Measure['sizeOf'],
  room: () => number,
): Generator<string, void, undefined> {
  let group = ''
  let left = room()
  for (const piece of pieces) {
    const size = sizeOf(piece)
    if (group !== '' && size > left) {
      yield group
      group = ''
      left = room()
    }
    group += piece
    left -= size
  }
  if (group !== '') yield group
}
