/** What a line begins with, behind its indentation. */
export type BlockStart =
  | { readonly kind: 'blank' | 'row' | 'rule' | 'text' }
  | { readonly kind: 'quote'; readonly length: number }
  | { readonly kind: 'fence'; readonly length: number }
  | { readonly kind: 'heading'; readonly length: number; readonly level: number }
  | { readonly kind: 'item'; readonly length: number; readonly marker: string }
  | { readonly kind: 'task'; readonly length: number; readonly isDone: boolean }

interface Rule {
  /** What may become such a start with the next character: nothing is decided before. */
  readonly undecided?: RegExp
  readonly is: RegExp
  readonly start: (match: RegExpExecArray) => BlockStart
}

/** In the order in which they are tried. */
const rules: readonly Rule[] = [
  { is: /^\n/, start: () => ({ kind: 'blank' }) },
  { is: /^>/, start: () => ({ kind: 'quote', length: 1 }) },
  { is: /^\|/, start: () => ({ kind: 'row' }) },
  { undecided: /^(?:`{1,2}|~{1,2})$/, is: /^(?:`{3}|~{3})/, start: () => ({ kind: 'fence', length: 0 }) },
  {
    undecided: /^#{1,6}$/,
    is: /^(#{1,6}) /,
    start: ([all, { length } = '']) => ({ kind: 'heading', length: all.length, level: length }),
  },
  { undecided: /^([-*_])(?: *\1)* *$/, is: /^([-*_])(?: *\1){2,} *\n/, start: () => ({ kind: 'rule' }) },
  {
    undecided: /^(?:[-*+]|\d{1,9}[.)]?)$/,
    is: /^([-*+]|\d{1,9}[.)]) /,
    start: ([all, marker = '']) => ({ kind: 'item', length: all.length, marker }),
  },
]

/** Only directly behind the marker of an item. */
const task: Rule = {
  undecided: /^\[(?:[ xX]\]?)?$/,
  is: /^\[([ xX])\] /,
  start: ([all, mark]) => ({ kind: 'task', length: all.length, isDone: mark !== ' ' }),
}

/** Nobody writes more spaces or dashes before it is clear what a line is. */
const maxLength = 200

/** What the line that begins like this is; `undefined` while the next character may change it. */
export function blockStartOf(lead: string, isBehindMarker: boolean): BlockStart | undefined {
  if (lead === '') return undefined
  const known = isBehindMarker ? [task, ...rules] : rules
  if (lead.length < maxLength && known.some(({ undecided }) => undecided?.test(lead) === true)) return undefined
  for (const { is, start } of known) {
    const match = is.exec(lead)
    if (match !== null) return start(match)
  }
  return { kind: 'text' }
}
