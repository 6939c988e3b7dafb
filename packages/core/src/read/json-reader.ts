import type { StreamError } from '../error.ts'
import { limitExceeded, limitsOf } from '../limits.ts'
import { joinText } from '../merge/rules.ts'
import { Growth } from './json-growth.ts'
import { numberStep, WHOLE } from './json-number.ts'

export interface JsonReaderOptions {
  /**
   * How many containers may be open inside each other.
   *
   * The reader itself does not mind depth, but most of what is done with the value afterwards is recursive.
   *
   * @defaultValue `2_000`
   */
  maxJsonDepth?: number | undefined
}

/** Reads a JSON text that arrives in pieces: tool arguments, structured output. */
export interface JsonReader {
  /**
   * Takes the next piece of the text, of any length.
   *
   * Never throws: models do write invalid JSON, and what was read before stays worth showing. From the first character
   * that no valid JSON could have there, {@link JsonReader.error} is set and further text is ignored.
   */
  push(text: string): void
  /**
   * What has been read so far; `undefined` before there is anything.
   *
   * Strings appear as far as they have arrived, members once their key is whole and their value has begun, numbers and
   * literals once they are whole. A number is whole only when another character follows it: `1` may become `12`.
   *
   * It is changed in place by `push`, so ask for it again after each push, and only read it.
   */
  readonly value: unknown
  /** The text so far is a complete JSON document. A number that nothing follows is complete only after `end`. */
  readonly done: boolean
  /** Why nothing more is read: a `SyntaxError` where `JSON.parse` would throw one, or a depth beyond `maxJsonDepth`. */
  readonly error: JsonReaderError | null
  /**
   * {@link JsonReader.value} as it is now, in a form that never changes: for a screen, a store.
   *
   * Shares whatever is unchanged with the snapshot before, and is the same one if nothing has changed. It costs a copy,
   * one level deep, of the containers that are still open. A list of more than 1,024 items is copied only when somebody
   * looks at it, so that a snapshot after every push stays linear over long texts and long lists; it is not linear in
   * the members of one large object, nor in the items of a list that is the whole document or is read each time.
   */
  snapshot(): unknown
  /**
   * Says that the text ends here, and returns what `JSON.parse` would return for all of it.
   *
   * @throws {@link JsonReader.error}, which is a `SyntaxError` also when the text ended too early
   */
  end(): unknown
}

export type JsonReaderError = StreamError<'limit_exceeded'> | SyntaxError

/**
 * Begins to read a JSON text that arrives in pieces. Each piece costs what its own length costs, however long the text.
 *
 * As strict as `JSON.parse`, and of the same opinion: the last of equal keys stands, `__proto__` is a key like any
 * other, halves of surrogate pairs are kept.
 */
export function createJsonReader(options?: JsonReaderOptions): JsonReader {
  return new Reader(limitsOf(options).maxJsonDepth)
}

/** Where a reader is in the text. */
const VALUE = 0
const FIRST_ITEM = 1
const FIRST_KEY = 2
const KEY = 3
const COLON = 4
const AFTER_VALUE = 5
const STRING = 6
const ESCAPE = 7
const UNICODE = 8
const NUMBER = 9
const LITERAL = 10

const TAB = 0x09
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON_MARK = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

// A class, because the getters of an object literal are new functions each time it is made: every reader had a shape of
// its own, and a push took 92 ns instead of 46.
class Reader implements JsonReader {
  error: JsonReaderError | null = null
  readonly #growth = new Growth()
  readonly #maxDepth: number
  #place = VALUE
  /** The length of all pushes before this one. */
  #consumed = 0
  /** The string, key or number that is being read, as far as it has come. */
  #token = ''
  #isKey = false
  /** Whether more of the string has come than the value shows. */
  #behind = false
  /** The digits of a `\u` escape. */
  #hex = ''
  #numberPlace = 0
  /** The literal that is being read, and how many of its letters have come. */
  #literal: keyof typeof literals = 'true'
  #letters = 0

  constructor(maxDepth: number) {
    this.#maxDepth = maxDepth
  }

  get value(): unknown {
    this.#show()
    return this.#growth.root
  }

  get done(): boolean {
    return this.error === null && this.#place === AFTER_VALUE && this.#growth.top === undefined
  }

  push(text: string): void {
    for (let at = 0; at < text.length && this.error === null;) {
      switch (this.#place) {
        case STRING:
          at = this.#readString(text, at)
          break
        case ESCAPE:
          at = this.#readEscape(text, at)
          break
        case UNICODE:
          at = this.#readHexDigit(text, at)
          break
        case NUMBER:
          at = this.#readNumber(text, at)
          break
        case LITERAL:
          at = this.#readLetter(text, at)
          break
        default:
          at = this.#readMark(text, at)
      }
    }
    this.#consumed += text.length
  }

  snapshot(): unknown {
    this.#show()
    return this.#growth.snapshot()
  }

  end(): unknown {
    if (this.#place === NUMBER && this.#numberPlace >= WHOLE && this.#growth.top === undefined)
      this.#put(Number(this.#token))
    if (!this.done) this.error ??= unexpected('end of', this.#consumed)
    if (this.error !== null) throw this.error
    return this.#growth.root
  }

  // Each of the following reads what it is named after from a position on, and gives the position behind it.

  /** White space, a mark between values, or the beginning of a value. */
  #readMark(text: string, at: number): number {
    const character = text.charCodeAt(at)
    if (isBlank(character)) return at + 1
    switch (this.#place) {
      case AFTER_VALUE:
        return this.#closes(character) || this.#continues(character) ? at + 1 : this.#fail(text, at)
      case COLON:
        this.#place = VALUE
        return character === COLON_MARK ? at + 1 : this.#fail(text, at)
      case FIRST_ITEM:
        return this.#closes(character) ? at + 1 : this.#readValue(text, at)
      case VALUE:
        return this.#readValue(text, at)
      default:
        if (this.#place === FIRST_KEY && this.#closes(character)) return at + 1
        this.#openString(true)
        return character === QUOTE ? at + 1 : this.#fail(text, at)
    }
  }

  /** The beginning of a value, or all of it. */
  #readValue(text: string, at: number): number {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        this.#openString(false)
        return at + 1
      case OPEN_BRACE:
        this.#open({}, '', FIRST_KEY)
        return at + 1
      case OPEN_BRACKET:
        this.#open([], 0, FIRST_ITEM)
        return at + 1
      default:
        return numberStep(0, text.charCodeAt(at)) > 0 ? this.#openNumber(text, at) : this.#openLiteral(text, at)
    }
  }

  #openNumber(text: string, at: number): number {
    this.#token = ''
    this.#numberPlace = 0
    this.#place = NUMBER
    return this.#readNumber(text, at)
  }

  #openLiteral(text: string, at: number): number {
    const character = text.charAt(at)
    this.#literal = character === 't' ? 'true' : character === 'f' ? 'false' : 'null'
    this.#letters = 0
    this.#place = LITERAL
    return this.#readLetter(text, at)
  }

  #readLetter(text: string, at: number): number {
    if (text.charCodeAt(at) !== this.#literal.charCodeAt(this.#letters++)) return this.#fail(text, at)
    if (this.#letters === this.#literal.length) this.#put(literals[this.#literal])
    return at + 1
  }

  /** As much of a number as there is. */
  #readNumber(text: string, start: number): number {
    let at = start
    for (; at < text.length; at++) {
      const next = numberStep(this.#numberPlace, text.charCodeAt(at))
      if (next === 0) break
      this.#numberPlace = next
    }
    this.#token += text.slice(start, at)
    if (at === text.length) return at
    if (this.#numberPlace < WHOLE || !mayFollow(text.charCodeAt(at))) return this.#fail(text, at)
    this.#put(Number(this.#token))
    return at
  }

  #openString(isKey: boolean): void {
    this.#token = ''
    this.#isKey = isKey
    this.#behind = !isKey
    this.#place = STRING
  }

  /** As many plain characters as there are, and what ends them. JSON forbids control characters. */
  #readString(text: string, start: number): number {
    let at = start
    let character = SPACE
    for (; at < text.length; at++) {
      character = text.charCodeAt(at)
      if (character === QUOTE || character === BACKSLASH || character < SPACE) break
    }
    if (at > start) this.#append(text.slice(start, at))
    if (at === text.length) return at
    if (character === QUOTE) this.#endString()
    else if (character === BACKSLASH) this.#place = ESCAPE
    else return this.#fail(text, at)
    return at + 1
  }

  #readEscape(text: string, at: number): number {
    const character = text.charAt(at)
    const plain = escapes[character]
    if (plain !== undefined) this.#append(plain)
    else if (character !== 'u') return this.#fail(text, at)
    this.#place = plain === undefined ? UNICODE : STRING
    return at + 1
  }

  #readHexDigit(text: string, at: number): number {
    const digit = text.charAt(at)
    if (!/[\da-f]/i.test(digit)) return this.#fail(text, at)
    this.#hex += digit
    if (this.#hex.length === 4) {
      this.#append(String.fromCharCode(Number.parseInt(this.#hex, 16)))
      this.#hex = ''
      this.#place = STRING
    }
    return at + 1
  }

  #append(text: string): void {
    this.#token = joinText(this.#token, text)
    this.#behind = !this.#isKey
  }

  #endString(): void {
    if (this.#isKey && this.#growth.top !== undefined) {
      this.#growth.top.place = this.#token
      this.#place = COLON
    } else {
      this.#show()
      this.#place = AFTER_VALUE
    }
  }

  #show(): void {
    if (this.#behind) this.#growth.put(this.#token)
    this.#behind = false
  }

  #put(value: unknown): void {
    this.#growth.put(value)
    this.#place = AFTER_VALUE
  }

  #open(container: object, place: number | string, first: number): void {
    if (this.#growth.depth >= this.#maxDepth) {
      this.error = limitExceeded('maxJsonDepth', this.#maxDepth)
      return
    }
    this.#growth.open(container, place)
    this.#place = first
  }

  /** Whether a character closes the innermost container; then it is closed. */
  #closes(character: number): boolean {
    const { top } = this.#growth
    if (top === undefined || character !== (typeof top.place === 'number' ? CLOSE_BRACKET : CLOSE_BRACE)) return false
    this.#growth.close()
    this.#place = AFTER_VALUE
    return true
  }

  /** Whether a character announces one more value in the innermost container; then its place is the present one. */
  #continues(character: number): boolean {
    const { top } = this.#growth
    if (top === undefined || character !== COMMA) return false
    this.#place = typeof top.place === 'number' ? VALUE : KEY
    if (typeof top.place === 'number') top.place++
    return true
  }

  #fail(text: string, at: number): number {
    this.error = unexpected(`${JSON.stringify(text.charAt(at))} in`, this.#consumed + at)
    return at
  }
}

const literals = { true: true, false: false, null: null }

/** What stands behind a backslash, and what for. */
const escapes: { readonly [character: string]: string } = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

const isBlank = (character: number): boolean =>
  character === SPACE || character === LINE_FEED || character === CARRIAGE_RETURN || character === TAB

/** What may stand behind a value. */
const mayFollow = (character: number): boolean =>
  character === COMMA || character === CLOSE_BRACKET || character === CLOSE_BRACE || isBlank(character)

const unexpected = (what: string, position: number): SyntaxError =>
  new SyntaxError(`Unexpected ${what} JSON at position ${position}`)
