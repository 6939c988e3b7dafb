// From results to Markdown. Pure: main.mjs reads and writes.
import { isMet } from './figures.mjs'

const VERDICTS = new Map([
  [true, 'met'],
  [false, '**missed**'],
  [undefined, ''],
])

/** A number with as many digits as tell something. */
function number(value, digits) {
  if (value === undefined) return '–'
  if (digits !== undefined) return value.toFixed(digits)
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2)
}

const span = ({ median, p10, p90, rounds, unit = '', digits }) =>
  rounds === 1
    ? `${number(median, digits)}${unit} (once)`
    : `${number(median, digits)}${unit} (${number(p10, digits)}–${number(p90, digits)})`

function target({ atLeast, atMost, unit }) {
  if (atLeast !== undefined) return `≥ ${atLeast.toLocaleString('en')}${unit}`
  return atMost === undefined ? '' : `≤ ${atMost.toLocaleString('en')}${unit}`
}

function table(head, lines) {
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [row(head.map(([name]) => name)), row(head.map(([, align = '---']) => align)), ...lines.map(row)].join('\n')
}

const RIGHT = '--:'

/** One row as it was measured: for a terminal. */
export function printRow(name, { about, unit, costs, figures }) {
  return [
    `${name}: ${about}`,
    '',
    table(
      [
        ['', '---'],
        [unit, RIGHT],
      ],
      costs.map((cost) => [cost.name, span(cost)]),
    ),
    '',
    table(
      [['', '---'], ['', RIGHT], ['target'], ['']],
      figures.map((figure) => [figure.say, span(figure), target(figure), VERDICTS.get(isMet(figure))]),
    ),
    '',
  ].join('\n')
}

/** Every figure that has a target, as `{ name, figure }`. */
const judged = (results) =>
  Object.entries(results.rows).flatMap(([name, { figures }]) =>
    figures.filter((figure) => isMet(figure) !== undefined).map((figure) => ({ name, figure })),
  )

/**
 * The report.
 *
 * @param {typeof import('./rows/index.mjs').SUBJECTS} subjects
 * @param {object[]} kept the results of each version of Node.js, the one that is judged first
 * @param {string} plot where the plot is
 */
export function report(subjects, kept, plot) {
  const sections = subjects
    .map((subject) => section(subject, kept))
    .filter((text) => text !== undefined)
    .join('\n')
  return [...opening(kept, plot), ...unmeasured(subjects, kept[0]), sections].join('\n')
}

function opening(kept, plot) {
  const [first] = kept
  const versions = Object.entries(first.versions).map(([name, version]) => `${name} ${version}`)
  const loads = Object.values(first.rows).map(({ load }) => load)
  return [
    '# Benchmarks',
    '',
    'Written by `pnpm bench`; `pnpm bench ROW` measures one row, `pnpm bench --list` shows all. CPU time, candidates in turn within one process, medians; in brackets the 10th and the 90th percentile of the rounds. A ratio is taken round by round. **Ratios hold, absolute figures depend on the machine and its other work**: compare within a row only.',
    '',
    ...kept.map(({ node, machine }) => `- Node.js ${node}, ${machine}`),
    `- ${versions.join(', ')}`,
    `- other work shared the machine: its load average was ${Math.min(...loads)} to ${Math.max(...loads)} during the rows on Node.js ${first.node}`,
    '',
    `![How many times the cost of ours others have, and how the cost grows](${plot})`,
    '',
    '## Targets',
    '',
    ...kept.map(summary),
  ]
}

/** How many targets are met; which are missed is said of the version that they are set for. */
function summary(results, at) {
  const all = judged(results)
  const missed = all.filter(({ figure }) => !isMet(figure))
  const count = `${all.length - missed.length} of ${all.length} targets are met`
  if (at > 0) return `On Node.js ${results.node}, which they are not set for, ${count}.\n`
  if (missed.length === 0) return `Node.js ${results.node}: ${count}.\n`
  const list = missed.map(
    ({ name, figure }) =>
      `- \`${name}\` ${figure.say}: ${number(figure.median, figure.digits)}${figure.unit}, target ${target(figure)}`,
  )
  return [`Node.js ${results.node}: ${count}. Missed:`, '', ...list, ''].join('\n')
}

/** What is in no table. */
function unmeasured(subjects, { node, rows }) {
  const missing = subjects.flatMap((subject) => Object.keys(subject.rows)).filter((name) => !(name in rows))
  if (missing.length === 0) return []
  return [`Not measured on Node.js ${node}: ${missing.map((name) => `\`${name}\``).join(', ')}.`, '']
}

const major = ({ node }) => `Node.js ${node.split('.')[0]}`

/** One subject: its figures, then what they were computed from. `undefined` when nothing was measured. */
function section({ title, text, rows }, kept) {
  const names = Object.keys(rows).filter((name) => kept.some((results) => name in results.rows))
  if (names.length === 0) return undefined
  return [
    `## ${title}`,
    '',
    text,
    '',
    figuresTable(names, kept),
    '',
    '<details><summary>What they cost</summary>',
    '',
    costsTable(names, kept),
    '',
    '</details>',
    '',
  ].join('\n')
}

/** What each version of Node.js says of the same thing, in the order of the first that knows it. */
function beside(lists, key) {
  const keys = [...new Set(lists.flatMap((list) => list.map(key)))]
  return keys.map((wanted) => lists.map((list) => list.find((one) => key(one) === wanted)))
}

function figuresTable(names, kept) {
  const lines = names.flatMap((name) => {
    const lists = kept.map(({ rows }) => rows[name]?.figures ?? [])
    return beside(lists, ({ say }) => say).map((found, at) => {
      const known = found.find((one) => one !== undefined)
      const { about } = kept.map(({ rows }) => rows[name]).find((row) => row !== undefined)
      return [
        at === 0 ? `\`${name}\`<br>${about}` : '',
        known.say,
        ...found.map((one) => (one === undefined ? '–' : span(one))),
        target(known),
        found
          .map((one) => VERDICTS.get(one && isMet(one)))
          .join(' / ')
          .replace(/^ \/ $/, ''),
      ]
    })
  })
  const head = [['row'], ['figure'], ...kept.map((results) => [major(results), RIGHT]), ['target'], ['']]
  return table(head, lines)
}

function costsTable(names, kept) {
  const lines = names.flatMap((name) => {
    const lists = kept.map(({ rows }) => rows[name]?.costs ?? [])
    const { unit } = kept.map(({ rows }) => rows[name]).find((row) => row !== undefined)
    return beside(lists, (cost) => cost.name).map((found, at) => [
      at === 0 ? `\`${name}\`<br>${unit}` : '',
      found.find((one) => one !== undefined).name,
      ...found.map((one) => (one === undefined ? '–' : span(one))),
    ])
  })
  return table([['row'], ['candidate'], ...kept.map((results) => [major(results), RIGHT])], lines)
}
