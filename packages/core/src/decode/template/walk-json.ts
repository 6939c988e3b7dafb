import {
  BACKSLASH,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COLON_MARK,
  COMMA_MARK,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  SPACE,
} from '../../json-characters.ts'
import { JsonBrackets } from '../json-brackets.ts'

/** Where a value stands in a JSON document: object keys and list positions from the outside in. */
export type Path = readonly (number | string)[]

/** A text, a whole number or a list in a JSON document, and where it begins: a text behind its quote. */
export interface Leaf {
  readonly path: Path
  readonly kind: 'list' | 'number' | 'text'
  readonly raw: string
  readonly from: number
}

/** Few digits: every such number of valid JSON is exact, and has no other spelling. */
const WHOLE = /^\d{1,15}$/

/** No object of an event that repeats has more keys. */
const MOST_KEYS = 64

/**
 * The texts and whole numbers of an event whose data is one valid JSON object, in order; and the lists of its choices, each
 * as one value.
 *
 * `undefined` where the characters alone do not tell which value a key leads to: a key that is escaped, is there twice,
 * or is `__proto__`; and behind the object there must be nothing more.
 */
export function leavesOf(event: string): Leaf[] | undefined {
  const leaves: Leaf[] = []
  const path: (number | string)[] = []
  /** The keys of each open object, or list. */
  const open: string[][] = []
  let isKey = false
  function add(kind: Leaf['kind'], from: number, to: number): void {
    leaves.push({ path: [...path], kind, raw: event.slice(from, to), from })
  }
  for (let at = event.indexOf('{'); at < event.length; at++) {
    const last = path.length - 1
    const place = path[last]
    const character = event.charCodeAt(at)
    if (character === QUOTE) {
      const from = at + 1
      while (event.charCodeAt(++at) !== QUOTE && at < event.length) if (event.charCodeAt(at) === BACKSLASH) at++
      if (isKey) {
        const raw = event.slice(from, at)
        const keys = open[last] as string[]
        if (raw.includes('\\') || raw === '__proto__' || keys.includes(raw) || keys.push(raw) > MOST_KEYS)
          return undefined
        path[last] = raw
        isKey = false
      } else add('text', from, at)
    } else if (character === OPEN_BRACKET && isListOfChoice(path)) {
      const from = at
      at = new JsonBrackets().read(event, from)
      add('list', from, at--)
    } else if (character === OPEN_BRACE || character === OPEN_BRACKET) {
      isKey = character === OPEN_BRACE
      path.push(isKey ? '' : 0)
      open.push([])
    } else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) {
      isKey = false
      path.pop()
      open.pop()
      if (last === 0) return event.slice(at + 1).trim() === '' ? leaves : undefined
    } else if (character === COMMA_MARK) {
      isKey = typeof place === 'string'
      if (typeof place === 'number') path[last] = place + 1
    } else if (character > SPACE && character !== COLON_MARK) {
      const from = at
      while (at < event.length && !endsWord(event.charCodeAt(at))) at++
      if (WHOLE.test(event.slice(from, at))) add('number', from, at)
      at--
    }
  }
  return undefined
}

/** Whether a list here is one value: one item per token (`logprobs.content`, `token_ids`). */
const isListOfChoice = ({ length, 0: name, 2: field }: Path): boolean =>
  name === 'choices' && (length === 3 || (length === 4 && field === 'logprobs'))

/** Whether a character ends a number or a literal. */
const endsWord = (character: number): boolean =>
  character <= SPACE || character === COMMA_MARK || character === CLOSE_BRACKET || character === CLOSE_BRACE
