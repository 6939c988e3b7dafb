import type { StreamError } from '../error.ts'
import { limitExceeded, limitsOf } from '../limits.ts'
import { isPlace, step, stepAt } from './json-grammar.ts'
import { Growth } from './json-growth.ts'

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

// A class, because the getters of an object literal are new functions each time it is made: every reader had a shape of
// its own, and a push took 92 ns instead of 46.
class Reader implements JsonReader {
  error: JsonReaderError | null = null
  private readonly growth = new Growth()
  private place = step.value
  /** The length of all pushes before this one. */
  private consumed = 0
  private tokenKind: 'key' | 'number' | 'string' | undefined
  /** The key, number or string that is being read, as far as it has been taken out of the pushed text. */
  private token = ''
  /** How much of the string the value shows. */
  private shown = 0
  /** Where the number begins in the pushed text. */
  private numberStart = 0
  /** The digits of a `\u` escape. */
  private hex = ''
  private readonly maxJsonDepth: number

  constructor(maxJsonDepth: number) {
    this.maxJsonDepth = maxJsonDepth
  }

  get value(): unknown {
    return this.growth.root
  }

  get done(): boolean {
    return this.error === null && this.place === step.end
  }

  push(text: string): void {
    if (this.error !== null) return
    this.numberStart = 0
    this.read(text)
    if (this.tokenKind === 'number') this.token += text.slice(this.numberStart)
    if (this.tokenKind === 'string') this.show()
    this.consumed += text.length
  }

  snapshot(): unknown {
    return this.growth.snapshot()
  }

  end(): unknown {
    if (this.error === null && stepAt(this.place, SPACE) === step.closeNumber) this.closeNumber()
    if (this.error === null && this.place !== step.end) {
      this.error = new SyntaxError(`Unexpected end of JSON at position ${this.consumed}`)
    }
    if (this.error !== null) throw this.error
    return this.growth.root
  }

  private read(text: string): void {
    let at = 0
    while (at < text.length) {
      if (this.place === step.string) {
        const end = endOfRun(text, at)
        if (end > at) this.token += text.slice(at, end)
        if (end === text.length) return
        at = end
      }
      const next = stepAt(this.place, text.charCodeAt(at))
      if (isPlace(next)) {
        this.place = next
        at += 1
        continue
      }
      switch (next) {
        case step.openObject:
        case step.openArray:
          if (this.growth.depth >= this.maxJsonDepth) {
            this.error = limitExceeded('maxJsonDepth', this.maxJsonDepth)
            return
          }
          this.growth.open(next === step.openArray ? 'array' : 'object')
          this.place = next === step.openArray ? step.firstItem : step.firstMember
          break
        case step.close:
          this.growth.close()
          this.place = this.placeAfterValue()
          break
        case step.nextItem:
          this.growth.nextItem()
          this.place = step.value
          break
        case step.openKey:
          this.openToken('key')
          this.place = step.string
          break
        case step.openString:
          this.openToken('string')
          this.place = step.string
          break
        case step.closeString:
          this.closeString()
          break
        case step.unescape:
          this.token += escapes[text.charAt(at)] ?? text.charAt(at)
          this.place = step.string
          break
        case step.hexDigit:
          this.hex += text.charAt(at)
          if (this.hex.length === 4) this.closeHex()
          break
        case step.openNumber:
          this.openToken('number')
          this.numberStart = at
          this.place = step.number
          continue
        case step.closeNumber:
          this.token += text.slice(this.numberStart, at)
          this.closeNumber()
          continue
        case step.true:
          this.putLiteral(true)
          break
        case step.false:
          this.putLiteral(false)
          break
        case step.null:
          this.putLiteral(null)
          break
        default:
          this.error = unexpected(text.charAt(at), this.consumed + at)
          return
      }
      at += 1
    }
  }

  private openToken(kind: 'key' | 'number' | 'string'): void {
    this.tokenKind = kind
    this.token = ''
    this.shown = -1
  }

  private show(): void {
    if (this.token.length === this.shown) return
    this.growth.put(this.token)
    this.shown = this.token.length
  }

  private closeString(): void {
    if (this.tokenKind === 'key') {
      this.growth.nameMember(this.token)
      this.place = step.afterKey
    } else {
      this.show()
      this.place = this.placeAfterValue()
    }
    this.tokenKind = undefined
  }

  private closeHex(): void {
    this.token += String.fromCharCode(Number.parseInt(this.hex, 16))
    this.hex = ''
    this.place = step.string
  }

  private closeNumber(): void {
    this.growth.put(Number(this.token))
    this.place = this.placeAfterValue()
    this.tokenKind = undefined
  }

  private putLiteral(value: boolean | null): void {
    this.growth.put(value)
    this.place = this.placeAfterValue()
  }

  private placeAfterValue(): number {
    const { inside } = this.growth
    if (inside === undefined) return step.end
    return inside === 'array' ? step.afterItem : step.afterMember
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20

/** Where a string stops being plain: at a quote, a backslash or a control character, which JSON forbids. */
function endOfRun(text: string, start: number): number {
  let at = start
  for (; at < text.length; at++) {
    const character = text.charCodeAt(at)
    if (character === QUOTE || character === BACKSLASH || character < SPACE) break
  }
  return at
}

/** What stands for something else than itself after a backslash. */
const escapes: { readonly [character: string]: string } = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }

function unexpected(character: string, position: number): SyntaxError {
  return new SyntaxError(`Unexpected ${JSON.stringify(character)} in JSON at position ${position}`)
}
