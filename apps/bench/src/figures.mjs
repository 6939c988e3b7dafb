// What is said about a row's measurements: one entry for each kind of figure. Issues set targets for figures.
import { exponent, ratio, spread } from './measure.mjs'

/**
 * @typedef {{ kind: keyof typeof KINDS, of: string, over?: string, atLeast?: number, atMost?: number, say?: string }} Figure
 *   `of` and `over` are names of candidates; an exponent's is what its candidates are sizes `of`
 */

const named = (results, name) => {
  const found = results.find((result) => result.name === name)
  if (found === undefined) throw new Error(`no candidate is called ${name}`)
  return found
}

const sizesOf = (results, name) => results.filter(({ of }) => of === name)

const KINDS = {
  ratio: {
    compute: (results, { of, over }) => ratio(named(results, of), named(results, over)),
    say: ({ of, over }) => `${of} / ${over}`,
    unit: ' ×',
  },
  exponent: {
    compute: (results, { of }) => exponent(sizesOf(results, of)),
    say: ({ of }) => `growth exponent: ${of}`,
    unit: '',
    digits: 3,
  },
  // The beginning may hide what happens at the end: a stream of 1,000 chunks pays for its opening too.
  'last step': {
    compute: (results, { of }) => exponent(sizesOf(results, of).slice(-2)),
    say: ({ of }) => `the same, last two sizes only: ${of}`,
    unit: '',
    digits: 3,
  },
  value: {
    compute: (results, { of }) => spread(named(results, of).samples),
    say: ({ of }) => of,
    unit: '',
  },
}

/** The figures of a row: what each says, its spread and its target. */
export const computeFigures = (figures, results) =>
  figures.map((figure) => {
    const { compute, say, unit, digits } = KINDS[figure.kind]
    const { atLeast, atMost } = figure
    return { say: figure.say ?? say(figure), ...compute(results, figure), unit, digits, atLeast, atMost }
  })

/** Whether a figure reaches its target; `undefined` where nothing was asked. */
export function isMet({ median, atLeast, atMost }) {
  if (atLeast === undefined && atMost === undefined) return undefined
  return median >= (atLeast ?? -Infinity) && median <= (atMost ?? Infinity)
}
