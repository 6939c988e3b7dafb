import { expect, test } from 'vitest'
import { plot } from '../src/plot.mjs'
import { printRow, report } from '../src/report.mjs'

const figure = (say, median, target = {}) => ({
  say,
  median,
  p10: median,
  p90: median,
  rounds: 3,
  unit: ' ×',
  ...target,
})
const cost = (name, median) => ({ name, median, p10: median - 1, p90: median + 1, rounds: 3 })

const row = (median) => ({
  about: 'text',
  unit: 'ns per chunk',
  load: 2.5,
  costs: [cost('loop', 2_000), cost('ours', 200)],
  figures: [figure('loop / ours', median, { atLeast: 8 })],
})

const kept = (node, rows) => ({ node, machine: 'a machine', versions: { peer: '1.2.3' }, rows })

const SUBJECTS = [
  { title: 'Folding', text: 'What is compared.', rows: { fold: {}, unmeasured: {} } },
  { title: 'Never measured', text: '', rows: { never: {} } },
]

const written = report(SUBJECTS, [kept('24.1.0', { fold: row(10) }), kept('20.2.0', { fold: row(6) })], 'plot.svg')

test('every target stands beside its figure, with the verdict of each version', () => {
  expect(written).toContain(
    '| `fold`<br>text | loop / ours | 10.0 × (10.0–10.0) | 6.00 × (6.00–6.00) | ≥ 8 × | met / **missed** |',
  )
})

test('what is missed is said at the beginning, of the version that targets are set for', () => {
  expect(written).toContain('Node.js 24.1.0: 1 of 1 targets are met.')
  expect(written).toContain('On Node.js 20.2.0, which they are not set for, 0 of 1 targets are met.')
  const missing = report(SUBJECTS, [kept('24.1.0', { fold: row(6) })], 'plot.svg')
  expect(missing).toContain('0 of 1 targets are met. Missed:\n\n- `fold` loop / ours: 6.00 ×, target ≥ 8 ×\n')
})

test('machine, versions, load and command are there, and no empty section', () => {
  for (const text of ['a machine', 'peer 1.2.3', '2.5 to 2.5', '`pnpm bench`', '![']) expect(written).toContain(text)
  expect(written).not.toContain('Never measured')
})

test('what one version has not measured is a dash', () => {
  expect(report(SUBJECTS, [kept('24.1.0', { fold: row(10) }), kept('20.2.0', {})], 'p')).toContain(
    '| 10.0 × (10.0–10.0) | – |',
  )
})

test('what was not measured is named', () => {
  expect(written).toContain('Not measured on Node.js 24.1.0: `unmeasured`, `never`.')
})

test('a single measurement is called that', () => {
  const single = { ...row(10), figures: [{ ...figure('loop / ours', 10), rounds: 1 }] }
  expect(printRow('fold', single)).toContain('| loop / ours | 10.0 × (once) |')
})

const libraries = { ...row(1), figures: [figure('a & b / ours', 12), figure('c / ours', 340)] }
const growing = { ...row(1), costs: [cost('x, 1,000 chunks', 800), cost('x, 10,000 chunks', 400)] }

test('the plot has a bar for each library and cut, a line for each growth, and colours for light and dark', () => {
  const rows = { 'libraries-64k': libraries, 'libraries-event': libraries, 'growth-text': growing }
  const svg = plot(kept('24.1.0', rows))
  expect(svg.match(/<rect class="[ab]" x="250" y="\d+" width="[1-9]/g)?.length).toBeGreaterThanOrEqual(4)
  expect(svg).toContain('a &amp; b')
  expect(svg).toContain('340 ×')
  expect(svg).toContain('prefers-color-scheme:dark')
  expect(svg.match(/<path class="l" d="M250 /g)).toHaveLength(1)
})

test('the plot leaves out what was not measured', () => {
  expect(plot(kept('24.1.0', {}))).not.toContain('NaN')
})
