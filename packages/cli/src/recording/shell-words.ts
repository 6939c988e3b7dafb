/** What cannot be read without a shell. */
export class NotWords extends Error {
  override readonly name = 'NotWords'
}

/**
 * The words of a command line, as a POSIX shell would read it, without a shell: nothing in it is run.
 *
 * Quotes, `$'…'`, backslashes and continued lines are understood; variables are what `valueOf` says. Everything else that
 * a shell would do (other commands, `$(…)`, files) is refused.
 *
 * @throws NotWords
 */
export function shellWords(line: string, valueOf: (variable: string) => string): string[] {
  const words: string[] = []
  let word: string | undefined
  let rest = line
  while (rest !== '') {
    const piece = pieces.find(({ pattern }) => pattern.test(rest))
    const found = piece?.pattern.exec(rest)
    if (piece === undefined || !found) throw new NotWords(refusalOf(rest))
    rest = rest.slice(found[0].length)
    const text = piece.read(found[1] ?? '', valueOf)
    if (text === 'nothing') continue
    if (text !== 'end') word = (word ?? '') + text.is
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}

interface Piece {
  readonly pattern: RegExp
  /** What it adds to a word, or that the word ends here. */
  readonly read: (inner: string, valueOf: (variable: string) => string) => { readonly is: string } | 'end' | 'nothing'
}

/** What a line is made of, the first that fits. */
const pieces: readonly Piece[] = [
  { pattern: /^\\\r?\n/, read: () => 'nothing' },
  { pattern: /^[ \t\r\n]+/, read: () => 'end' },
  { pattern: /^'([^']*)'/, read: (is) => ({ is }) },
  { pattern: /^\$'((?:[^'\\]|\\[\s\S])*)'/, read: (inner) => ({ is: unescaped(inner) }) },
  { pattern: /^\$?"((?:[^"\\`]|\\[\s\S])*)"/, read: (inner, valueOf) => ({ is: inQuotes(inner, valueOf) }) },
  { pattern: /^\\([\s\S])/, read: (is) => ({ is }) },
  { pattern: /^\$(\w+|\{\w+\})/, read: (name, valueOf) => ({ is: valueOf(bare(name)) }) },
  { pattern: /^([^\s'"\\$`|&;<>()#*]+|[#*])/, read: (is) => ({ is }) },
]

/** `{NAME}` is `NAME`. */
const bare = (name: string): string => name.replaceAll(/[{}]/g, '')

function inQuotes(text: string, valueOf: (variable: string) => string): string {
  if (/(?<!\\)\$\(/.test(text)) throw new NotWords(refusalOf('$('))
  return text.replaceAll(/\\([$`"\\])|\\\r?\n|\$(\w+|\{\w+\})/g, (_, escaped?: string, name?: string) =>
    name === undefined ? (escaped ?? '') : valueOf(bare(name)),
  )
}

/** How `$'…'` writes characters. */
const escapes: { readonly [letter: string]: string } = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\u0007',
  e: '\u001B',
}

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:x([\dA-Fa-f]{1,2})|u([\dA-Fa-f]{1,4})|U([\dA-Fa-f]{1,8})|([0-7]{1,3})|([\s\S]))/g,
    (_, x?: string, u?: string, long?: string, octal?: string, letter?: string) => {
      const code = octal === undefined ? Number.parseInt(x ?? u ?? long ?? '', 16) : Number.parseInt(octal, 8)
      if (Number.isNaN(code)) return escapes[letter ?? ''] ?? letter ?? ''
      return code <= 0x10_ffff ? characterOf(code) : ''
    },
  )
}

/** Halves of a surrogate pair are written one by one, and are one character when both are there. */
const characterOf = (code: number): string => (code > 0xffff ? String.fromCodePoint(code) : String.fromCharCode(code))

const refusals: readonly (readonly [begins: RegExp, why: string])[] = [
  [/^(?:\$?"[^"`]*)?`|^\$\(/, 'a command inside of it (`…` or $(…)) is not run'],
  [/^\$?["']/, 'a quote is not closed'],
  [/^[|&;]/, 'it goes on with another command'],
  [/^[<>]/, 'it reads or writes a file'],
  [/^\\$/, 'it ends with a backslash'],
]

function refusalOf(rest: string): string {
  const [, why] = refusals.find(([begins]) => begins.test(rest)) ?? []
  return why ?? `${JSON.stringify(rest.slice(0, 20))} is not understood`
}
