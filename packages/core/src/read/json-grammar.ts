/** A place between two characters of a JSON text. */
type Place = (typeof places)[number]

/** What a reader does with a character, where going to another place is not all. */
type Action = (typeof actions)[number]

const places = [
  'value',
  'firstItem',
  'afterItem',
  'firstMember',
  'member',
  'afterKey',
  'afterMember',
  'end',
  'string',
  'escape',
  'unicode',
  'number',
  'minus',
  'zero',
  'integer',
  'point',
  'fraction',
  'exponentMark',
  'exponentSign',
  'exponent',
  't',
  'tr',
  'tru',
  'f',
  'fa',
  'fal',
  'fals',
  'n',
  'nu',
  'nul',
] as const

const actions = [
  'openObject',
  'openArray',
  'close',
  'nextItem',
  'openKey',
  'openString',
  'closeString',
  'unescape',
  'hexDigit',
  'openNumber',
  'closeNumber',
  'true',
  'false',
  'null',
] as const

const blank = ' \t\n\r'
const nonzero = '123456789'
const digits = `0${nonzero}`
const hexDigits = `${digits}abcdefABCDEF`

const beginsValue = {
  '{': 'openObject',
  '[': 'openArray',
  '"': 'openString',
  [`-${digits}`]: 'openNumber',
  t: 't',
  f: 'f',
  n: 'n',
} as const

/** A number has no end of its own: the character that ends it is read again, as the one after the value. */
const endsNumber = { [`${blank},]}`]: 'closeNumber' } as const

/** RFC 8259: what each character means in each place. A character that a row leaves out is an error there. */
const grammar: { readonly [P in Place]: { readonly [characters: string]: Action | Place } } = {
  value: { [blank]: 'value', ...beginsValue },
  firstItem: { [blank]: 'firstItem', ...beginsValue, ']': 'close' },
  afterItem: { [blank]: 'afterItem', ',': 'nextItem', ']': 'close' },
  firstMember: { [blank]: 'firstMember', '"': 'openKey', '}': 'close' },
  member: { [blank]: 'member', '"': 'openKey' },
  afterKey: { [blank]: 'afterKey', ':': 'value' },
  afterMember: { [blank]: 'afterMember', ',': 'member', '}': 'close' },
  end: { [blank]: 'end' },

  // What else a string may hold is taken in runs, without asking the table.
  string: { '"': 'closeString', '\\': 'escape' },
  escape: { '"\\/bfnrt': 'unescape', u: 'unicode' },
  unicode: { [hexDigits]: 'hexDigit' },

  number: { '-': 'minus', '0': 'zero', [nonzero]: 'integer' },
  minus: { '0': 'zero', [nonzero]: 'integer' },
  zero: { '.': 'point', eE: 'exponentMark', ...endsNumber },
  integer: { [digits]: 'integer', '.': 'point', eE: 'exponentMark', ...endsNumber },
  point: { [digits]: 'fraction' },
  fraction: { [digits]: 'fraction', eE: 'exponentMark', ...endsNumber },
  exponentMark: { '+-': 'exponentSign', [digits]: 'exponent' },
  exponentSign: { [digits]: 'exponent' },
  exponent: { [digits]: 'exponent', ...endsNumber },

  t: { r: 'tr' },
  tr: { u: 'tru' },
  tru: { e: 'true' },
  f: { a: 'fa' },
  fa: { l: 'fal' },
  fal: { s: 'fals' },
  fals: { e: 'false' },
  n: { u: 'nu' },
  nu: { l: 'nul' },
  nul: { l: 'null' },
}

/** The number that stands for a place or an action: places come first, and `0` is neither. */
export const step = /* @__PURE__ */ numbered([...places, ...actions])

export const invalid = 0

/** Whether reading a character is only a matter of going on. */
export const isPlace = (next: number): boolean => next !== invalid && next <= places.length

/** What a character leads to: a place, an action, or {@link invalid}. */
export function stepAt(place: number, character: number): number {
  return character < 128 ? (table[place * 128 + character] ?? invalid) : invalid
}

// One byte per place and character: looking up a row by name made reading three times slower.
const table = /* @__PURE__ */ compiled()

function compiled(): Uint8Array {
  const bytes = new Uint8Array((places.length + 1) * 128)
  for (const place of places) {
    for (const [characters, next] of Object.entries(grammar[place])) {
      for (const character of characters) bytes[step[place] * 128 + character.charCodeAt(0)] = step[next]
    }
  }
  return bytes
}

function numbered<Name extends string>(names: readonly Name[]): { readonly [N in Name]: number } {
  // Object.fromEntries forgets which keys it was given.
  return Object.fromEntries(names.map((name, at) => [name, at + 1])) as { [N in Name]: number }
}
