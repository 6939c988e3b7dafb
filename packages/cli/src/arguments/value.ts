/** What a flag accepts. */
export interface Value<T> {
  /** How the help calls it. A flag without one is a switch and takes no value. */
  readonly placeholder?: string
  /** Ends the sentence "--flag needs …". */
  readonly expected: string
  /** All there are, where they can be counted: for the completions of a shell. */
  readonly words?: readonly string[]
  /** `undefined` when the text is not such a value. */
  read(text: string): T | undefined
  /** How the help writes one; as it is when absent. */
  show?(value: T): string
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
    read: (given) => within(readNumber(given), range),
  }
}

export function whole(placeholder: string, range: Range): Value<number> {
  return {
    placeholder,
    expected: `a whole number${inWords(range)}`,
    // Digits beyond that are those of another number.
    read: (given) =>
      /^-?\d+$/.test(given) && Number.isSafeInteger(Number(given)) ? within(Number(given), range) : undefined,
  }
}

const msPerUnit = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const

/** In milliseconds. A bare number is one, too: `300`, `300ms`, `30s`, `2m`. */
export function duration(placeholder = 'TIME'): Value<number> {
  return {
    placeholder,
    expected: 'a time such as 500ms, 30s or 2m',
    read(given) {
      const [, amount = '', unit = 'ms'] = /^([\d.]+)(ms|s|m|h)?$/.exec(given) ?? []
      const count = readNumber(amount)
      return count === undefined ? undefined : count * msPerUnit[unit as keyof typeof msPerUnit]
    },
    show: (ms) => (ms >= 1000 && ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`),
  }
}

/** How long something may take at most: a duration; `Infinity` for 0, which would be of no use and means no limit elsewhere. */
export function timeLimit(): Value<number> {
  const time = duration()
  return {
    ...time,
    expected: `${time.expected}, or 0 for no limit`,
    read(given) {
      const ms = time.read(given)
      return ms === 0 ? Infinity : ms
    },
  }
}

export function oneOf<const T extends string>(...words: readonly T[]): Value<T> {
  return {
    placeholder: words.join('|'),
    expected: words.join(' or '),
    words,
    read: (given) => words.find((word) => word === given),
  }
}

export function either<A, B>(a: Value<A>, b: Value<B>): Value<A | B> {
  return {
    placeholder: `${a.placeholder}|${b.placeholder}`,
    expected: `${a.expected} or ${b.expected}`,
    ...(a.words && { words: a.words }),
    read: (given) => a.read(given) ?? b.read(given),
  }
}

/** Several of them, with commas between. */
export function list<T>(value: Value<T>): Value<readonly T[]> {
  return {
    placeholder: `${value.placeholder},…`,
    expected: `${value.expected}, or several with commas between`,
    ...(value.words && { words: value.words }),
    read(given) {
      const values = given.split(',').map((one) => value.read(one))
      return values.includes(undefined) ? undefined : values.filter((one) => one !== undefined)
    },
  }
}

/** No Number('') = 0, no hexadecimal, no Infinity. */
function readNumber(given: string): number | undefined {
  return /^-?\d+(?:\.\d+)?$/.test(given) ? Number(given) : undefined
}

function within(value: number | undefined, { min, max = Infinity }: Range): number | undefined {
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function inWords({ min, max }: Range): string {
  return max === undefined ? ` from ${min}` : ` from ${min} to ${max}`
}
