/** What a flag accepts. */
export interface Value<T> {
  /** How the help calls it. A flag without one is a switch and takes no value. */
  readonly placeholder?: string
  /** Ends the sentence "--flag needs …". */
  readonly expected: string
  /** `undefined` when the text is not such a value. */
  read(text: string): T | undefined
}

/** On or off; off when not given. */
export const on: Value<boolean> = { expected: 'no value', read: () => true }

export function text(placeholder: string): Value<string> {
  return { placeholder, expected: `a value (${placeholder})`, read: (given) => given }
}

export interface Range {
  min: number
  max?: number
}

export function number(placeholder: string, range: Range): Value<number> {
  return {
    placeholder,
    expected: `a number${inWords(range)}`,
    // No Number('') = 0, no hexadecimal, no Infinity.
    read: (given) => (/^-?\d+(?:\.\d+)?$/.test(given) ? within(Number(given), range) : undefined),
  }
}

export function whole(placeholder: string, range: Range): Value<number> {
  return {
    placeholder,
    expected: `a whole number${inWords(range)}`,
    read: (given) => (/^-?\d+$/.test(given) ? within(Number(given), range) : undefined),
  }
}

export function oneOf<const T extends string>(...words: readonly T[]): Value<T> {
  return {
    placeholder: words.join('|'),
    expected: words.join(' or '),
    read: (given) => words.find((word) => word === given),
  }
}

export function either<A, B>(a: Value<A>, b: Value<B>): Value<A | B> {
  return {
    placeholder: `${a.placeholder}|${b.placeholder}`,
    expected: `${a.expected} or ${b.expected}`,
    read: (given) => a.read(given) ?? b.read(given),
  }
}

function within(value: number, { min, max = Infinity }: Range): number | undefined {
  return value >= min && value <= max ? value : undefined
}

function inWords({ min, max }: Range): string {
  return max === undefined ? ` from ${min}` : ` from ${min} to ${max}`
}
