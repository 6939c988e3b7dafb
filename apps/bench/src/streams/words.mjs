/** Four characters on average, ASCII and not, as tokens are. */
const WORDS = [
  ' the',
  ' of',
  ' and',
  ' 日本',
  ' code',
  '\n',
  ' é',
  ' "x"',
  ' delta',
  ' is',
  ' 😀',
  ' sum',
  ' chunk',
  '.',
  ' a',
  ' in',
]

/** One of sixteen tokens. */
export const word = (next) => WORDS[next(WORDS.length)]

/** So many tokens in one piece. */
export const words = (next, count) => Array.from({ length: count }, () => word(next)).join('')
