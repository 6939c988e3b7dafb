/**
 * How many columns of a terminal a text takes, by what a reader takes for one character: a family of emoji is two columns
 * wide, an accent none.
 */
export function textWidth(text: string): number {
  if (isPlain(text)) return text.length
  let width = 0
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment)
  return width
}

/** The characters of a text as a reader counts them. */
export function graphemesOf(text: string): string[] {
  return isPlain(text) ? text.split('') : Array.from(graphemes.segment(text), ({ segment }) => segment)
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

function isPlain(text: string): boolean {
  return /^[\u0020-\u007E]*$/.test(text)
}

function graphemeWidth(grapheme: string): number {
  if (isWide(grapheme)) return 2
  return zeroWidth.test(grapheme) ? 0 : 1
}

/** Two columns: East Asian characters (Unicode Annex 11, W and F) and what is shown as a picture. */
export function isWide(grapheme: string): boolean {
  return wide.test(grapheme) || grapheme.includes('\uFE0F')
}

const wide =
  /^[\u1100-\u115F\u2329\u232A\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE10-\uFE19\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{17000}-\u{18CFF}\u{1B000}-\u{1B2FF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u

const zeroWidth = /^[\p{M}\p{Cf}\u200B-\u200F\uFEFF]+$/u

/**
 * Whether a line may end between two characters that no space parts: in Chinese and Japanese it may, except before what
 * closes and after what opens.
 */
export function mayBreakBetween(before: string, after: string): boolean {
  // Most text, and asked for every character.
  if (before < '\u2E80' && after < '\u2E80') return false
  if (!ideograph.test(before) && !ideograph.test(after)) return false
  return !closing.test(after) && !opening.test(before) && !joins.test(after) && before !== '\u200D'
}

const ideograph = /[\u2E80-\u2FFF\u3001-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF\uFF01-\uFF60\u{20000}-\u{3FFFD}]/u
const closing = /[\p{Pe}\p{Pf}\p{Po}\u30FC\u3005\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087!?,.:;%]/u
const opening = /[\p{Ps}\p{Pi}\p{Sc}#]/u
/** Belongs to the character before it. */
const joins = /\p{M}|[\u200D]|\p{Emoji_Modifier}/u
