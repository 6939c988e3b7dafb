import type { StreamError } from '../error.ts'
import {
  BACKSLASH,
  CARRIAGE_RETURN,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON_MARK,
  COMMA_MARK,
  LETTER_U,
  LINE_FEED,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
  TAB,
} from '../json-characters.ts'
import { limitExceeded, limitsOf } from '../limits.ts'
import { joinText } from '../merge/rules.ts'
import { close, type Container, createGrowth, open, put, snapshot } from './json-growth.ts'
import { numberStep, WHOLE } from './json-number.ts'
import { CLOSE, COLON, COMMA, ESCAPE, KEY, LITERAL, NUMBER, STRING, UNICODE, VALUE } from './json-place.ts'

/** How far a JSON text may go. */
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
   * one level deep, of the containers that are still open. A list of more than 192 items is copied only when somebody
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

/** Why a JSON text is read no further: it is not JSON, or nested deeper than `maxJsonDepth`. */
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

// A class, because the getters of an object literal are new functions each time it is made: every reader had a shape of
// its own, and a push took 92 ns instead of 46.
class Reader implements JsonReader {
  error: JsonReaderError | null = null
  readonly #growth = createGrowth()
  readonly #maxJsonDepth: number
  #place = VALUE
  /** The length of all pushes before this one. */
  #consumed = 0
  /** What is being read, as far as it has come. */
  #token = ''
  #isKey = false
  /** The digits of a `\u` escape. */
  #hex = ''
  #numberPlace = 0
  #literal = ''

  constructor(maxJsonDepth: number) {
    this.#maxJsonDepth = maxJsonDepth
  }

  get value(): unknown {
    return this.#growth.root[0]
  }

  get done(): boolean {
    return this.error === null && this.#place === 0
  }

  snapshot(): unknown {
    return snapshot(this.#growth)
  }

  push(text: string): void {
    for (let at = 0; at < text.length && this.error === null; at++) {
      if (this.#place === STRING) at = this.#readPlain(text, at)
      else if (this.#place === NUMBER) at = this.#readDigits(text, at)
      if (at < text.length && !this.#read(text.charCodeAt(at)))
        this.error ??= unexpected(`${JSON.stringify(text.charAt(at))} in`, this.#consumed + at)
    }
    this.#consumed += text.length
  }

  end(): unknown {
    if (this.#place === NUMBER && this.#numberPlace >= WHOLE && this.#growth.top.depth === 0)
      this.#whole(Number(this.#token))
    if (!this.done) throw (this.error ??= unexpected('end of', this.#consumed))
    return this.value
  }

  /** As many plain characters of a string as there are; gives the position behind them. JSON forbids control characters. */
  #readPlain(text: string, start: number): number {
    let at = start
    for (; at < text.length; at++) {
      const character = text.charCodeAt(at)
      if (character === QUOTE || character === BACKSLASH || character < SPACE) break
    }
    if (at > start) this.#append(text.slice(start, at))
    return at
  }

  /** As many characters of a number as there are; gives the position behind them. */
  #readDigits(text: string, start: number): number {
    let at = start
    for (; at < text.length; at++) {
      const next = numberStep(this.#numberPlace, text.charCodeAt(at))
      if (next === 0) break
      this.#numberPlace = next
    }
    this.#token += text.slice(start, at)
    return at
  }

  // Each of the following takes the code of a character, or says that it cannot stand here.

  #read(character: number): boolean {
    switch (this.#place) {
      case STRING:
        if (character === QUOTE) this.#endString()
        else this.#place = ESCAPE
        return character === QUOTE || character === BACKSLASH
      case ESCAPE:
        return this.#readEscape(character)
      case UNICODE:
        return this.#readHexDigit(String.fromCharCode(character))
      case NUMBER:
        if (this.#numberPlace < WHOLE || !mayFollow(character)) return false
        this.#whole(Number(this.#token))
        return this.#readMark(character)
      case LITERAL:
        return this.#readLetter(character)
      default:
        return this.#readMark(character)
    }
  }

  #readEscape(character: number): boolean {
    const meant = MEANT.charAt(WRITTEN.indexOf(String.fromCharCode(character)))
    if (meant === '') {
      this.#place = UNICODE
      return character === LETTER_U
    }
    this.#append(meant)
    this.#place = STRING
    return true
  }

  #readHexDigit(digit: string): boolean {
    if (!/[\da-f]/i.test(digit)) return false
    this.#hex += digit
    if (this.#hex.length === 4) {
      this.#append(String.fromCharCode(Number.parseInt(this.#hex, 16)))
      this.#hex = ''
      this.#place = STRING
    }
    return true
  }

  #readLetter(character: number): boolean {
    this.#token += String.fromCharCode(character)
    if (this.#token === this.#literal) this.#whole(JSON.parse(this.#literal))
    return this.#literal.startsWith(this.#token)
  }

  /** White space, a mark between values, or the beginning of a value. */
  #readMark(character: number): boolean {
    if (isBlank(character)) return true
    const place = this.#place
    const { top } = this.#growth
    const isList = typeof top.place === 'number'
    if (character === QUOTE && (place & (VALUE | KEY)) > 0) this.#openString((place & KEY) > 0)
    else if (character === COLON_MARK && place === COLON) this.#place = VALUE
    else if (character === COMMA_MARK && (place & COMMA) > 0) {
      this.#place = isList ? VALUE : KEY
      if (typeof top.place === 'number') top.place++
    } else if (character === (isList ? CLOSE_BRACKET : CLOSE_BRACE) && (place & CLOSE) > 0) {
      close(this.#growth)
      this.#endValue()
    } else return (place & VALUE) > 0 && this.#readFirst(character)
    return true
  }

  /** The first character of a value that is no string. */
  #readFirst(character: number): boolean {
    if (character === OPEN_BRACE) return this.#begin({}, '', KEY | CLOSE)
    if (character === OPEN_BRACKET) return this.#begin([], 0, VALUE | CLOSE)
    this.#literal = literals[character] ?? ''
    this.#token = String.fromCharCode(character)
    this.#place = this.#literal === '' ? NUMBER : LITERAL
    this.#numberPlace = numberStep(0, character)
    return this.#literal !== '' || this.#numberPlace > 0
  }

  #openString(asKey: boolean): void {
    this.#token = ''
    this.#isKey = asKey
    this.#place = STRING
    if (!asKey) put(this.#growth, '')
  }

  #append(text: string): void {
    this.#token = joinText(this.#token, text)
    if (!this.#isKey) put(this.#growth, this.#token)
  }

  #endString(): void {
    if (this.#isKey) {
      this.#growth.top.place = this.#token
      this.#place = COLON
    } else this.#endValue()
  }

  #whole(value: unknown): void {
    put(this.#growth, value)
    this.#endValue()
  }

  #endValue(): void {
    this.#place = this.#growth.top.depth === 0 ? 0 : COMMA | CLOSE
  }

  #begin(container: Container, first: number | string, next: number): boolean {
    if (this.#growth.top.depth < this.#maxJsonDepth) open(this.#growth, container, first)
    else this.error = limitExceeded('maxJsonDepth', this.#maxJsonDepth)
    this.#place = next
    return this.error === null
  }
}

const literals: { readonly [character: number]: string } = { 0x74: 'true', 0x66: 'false', 0x6e: 'null' }

/** What stands behind a backslash, and what for. */
const WRITTEN = 'bfnrt"\\/'
const MEANT = '\b\f\n\r\t"\\/'

const isBlank = (character: number): boolean =>
  character === SPACE || character === LINE_FEED || character === CARRIAGE_RETURN || character === TAB

/** What may stand behind a value. */
const mayFollow = (character: number): boolean =>
  character === COMMA_MARK || character === CLOSE_BRACKET || character === CLOSE_BRACE || isBlank(character)

const unexpected = (what: string, position: number): SyntaxError =>
  new SyntaxError(`Unexpected ${what} JSON at position ${position}`)
