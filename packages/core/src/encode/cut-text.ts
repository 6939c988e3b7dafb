/** How a text is cut into pieces: see `SplitOptions.by`. */
export type CutBy = 'character' | 'word' | number | ((text: string) => Iterable<string>)

/** Gives the pieces of a text. They join to the text, and none is empty. */
export type Cut = (text: string) => Iterable<string>

/**
 * The cut that a caller asked for.
 *
 * @throws TypeError when it is none of those that `CutBy` names
 */
export function cutBy(by: CutBy): Cut {
  if (by === 'character') return bySize(1)
  if (by === 'word') return (text) => text.match(word) ?? []
  if (typeof by === 'function') return (text) => checked(by(text), text)
  if (Number.isSafeInteger(by) && by > 0) return bySize(by)
  throw new TypeError(`cannot cut by ${by}: use 'character', 'word', a whole number or a function`)
}

/**
 * Base64 is cut only between groups of four characters, so that each piece decodes by itself.
 *
 * Cuts elsewhere move back to the nearest such place.
 */
export function cutBase64(cut: Cut): Cut {
  return function* (text) {
    let start = 0
    let end = 0
    for (const piece of cut(text)) {
      end += piece.length
      const boundary = end === text.length ? end : end - (end % 4)
      if (boundary > start) yield text.slice(start, boundary)
      start = Math.max(start, boundary)
    }
  }
}

/**
 * A word with the space before it, as models write their tokens; space at the end by itself.
 *
 * Where words are written without spaces, each character is one.
 */
const word = /\s*(?:[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}]|[^\s\p{scx=Han}\p{scx=Hira}\p{scx=Kana}]+)|\s+$/gu

/** Pieces of so many UTF-16 units; one more where the cut would go through a character. */
function bySize(size: number): Cut {
  return function* (text) {
    for (let start = 0; start < text.length;) {
      const last = start + size - 1
      const end = last + ((text.codePointAt(last) ?? 0) > 0xffff ? 2 : 1)
      yield text.slice(start, end)
      start = end
    }
  }
}

function checked(given: Iterable<string>, text: string): string[] {
  const pieces = [...given].filter((piece) => piece !== '')
  if (pieces.join('') !== text) {
    throw new TypeError('cut by a function that returns all of its text, as in (text) => [...text]')
  }
  return pieces
}
