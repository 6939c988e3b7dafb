import { StreamError } from '../error.ts'
import { isPlace, step, stepAt } from './json-grammar.ts'
import { createGrowth } from './json-growth.ts'

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
   * Shares whatever is unchanged with the snapshot before, and is the same one if nothing has changed. Costs a copy of
   * the containers that are still open, one level deep; a list of more than 64 items is copied when somebody first looks
   * at it. So a snapshot after every push is linear over long texts and long lists, and quadratic only in the number of
   * members of one open object, or of items of a list that is read each time or is itself the document.
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
export function createJsonReader({ maxJsonDepth = 2_000 }: JsonReaderOptions = {}): JsonReader {
  const growth = createGrowth()
  let place = step.value
  let error: JsonReaderError | null = null
  /** The length of all pushes before this one. */
  let consumed = 0
  let tokenKind: 'key' | 'number' | 'string' | undefined
  /** The key, number or string that is being read, as far as it has been taken out of the pushed text. */
  let token = ''
  /** How much of the string the value shows. */
  let shown = 0
  /** Where the number begins in the pushed text. */
  let numberStart = 0
  /** The digits of a `\u` escape. */
  let hex = ''

  function read(text: string): void {
    let at = 0
    while (at < text.length) {
      if (place === step.string) {
        const end = endOfRun(text, at)
        if (end > at) token += text.slice(at, end)
        if (end === text.length) return
        at = end
      }
      const next = stepAt(place, text.charCodeAt(at))
      if (isPlace(next)) {
        place = next
        at += 1
        continue
      }
      switch (next) {
        case step.openObject:
        case step.openArray:
          if (growth.depth >= maxJsonDepth) {
            error = tooDeep(maxJsonDepth)
            return
          }
          growth.open(next === step.openArray ? 'array' : 'object')
          place = next === step.openArray ? step.firstItem : step.firstMember
          break
        case step.close:
          growth.close()
          place = placeAfterValue()
          break
        case step.nextItem:
          growth.nextItem()
          place = step.value
          break
        case step.openKey:
          openToken('key')
          place = step.string
          break
        case step.openString:
          openToken('string')
          place = step.string
          break
        case step.closeString:
          closeString()
          break
        case step.unescape:
          token += escapes[text.charAt(at)] ?? text.charAt(at)
          place = step.string
          break
        case step.hexDigit:
          hex += text.charAt(at)
          if (hex.length === 4) {
            token += String.fromCharCode(Number.parseInt(hex, 16))
            hex = ''
            place = step.string
          }
          break
        case step.openNumber:
          openToken('number')
          numberStart = at
          place = step.number
          continue
        case step.closeNumber:
          token += text.slice(numberStart, at)
          closeNumber()
          continue
        case step.true:
          putLiteral(true)
          break
        case step.false:
          putLiteral(false)
          break
        case step.null:
          putLiteral(null)
          break
        default:
          error = new SyntaxError(`Unexpected ${JSON.stringify(text.charAt(at))} in JSON at position ${consumed + at}`)
          return
      }
      at += 1
    }
  }

  function openToken(kind: typeof tokenKind): void {
    tokenKind = kind
    token = ''
    shown = -1
  }

  function show(): void {
    if (token.length === shown) return
    growth.put(token)
    shown = token.length
  }

  function closeString(): void {
    if (tokenKind === 'key') {
      growth.nameMember(token)
      place = step.afterKey
    } else {
      show()
      place = placeAfterValue()
    }
    tokenKind = undefined
  }

  function closeNumber(): void {
    tokenKind = undefined
    growth.put(Number(token))
    place = placeAfterValue()
  }

  function putLiteral(value: boolean | null): void {
    growth.put(value)
    place = placeAfterValue()
  }

  function placeAfterValue(): number {
    if (growth.inside === undefined) return step.end
    return growth.inside === 'array' ? step.afterItem : step.afterMember
  }

  return {
    push(text) {
      if (error !== null) return
      numberStart = 0
      read(text)
      if (tokenKind === 'number') token += text.slice(numberStart)
      if (tokenKind === 'string') show()
      consumed += text.length
    },
    get value() {
      return growth.root
    },
    get done() {
      return error === null && place === step.end
    },
    get error() {
      return error
    },
    snapshot: () => growth.snapshot(),
    end() {
      if (error === null && stepAt(place, SPACE) === step.closeNumber) closeNumber()
      if (error === null && place !== step.end)
        error = new SyntaxError(`Unexpected end of JSON at position ${consumed}`)
      if (error !== null) throw error
      return growth.root
    },
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

function tooDeep(limit: number): StreamError<'limit_exceeded'> {
  return new StreamError('limit_exceeded', `The JSON nests deeper than maxJsonDepth: ${limit}`, {
    option: 'maxJsonDepth',
    limit,
  })
}
