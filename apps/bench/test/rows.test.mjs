import { expect, test } from 'vitest'
import { ROWS } from '../src/rows/index.mjs'
import { runRow } from '../src/run-row.mjs'

/** Rows with processes of their own: one of each kind, the others differ in numbers. */
const OF_A_KIND = new Map([
  [/^http-memory-/, 'http-memory-1'],
  [/^http-\d/, 'http-1-20'],
])

const once = Object.keys(ROWS).filter((name) => {
  const kind = [...OF_A_KIND].find(([pattern]) => pattern.test(name))
  return kind === undefined || kind[1] === name
})

/** The CPU's clock may stand still for so little work. */
const clock = () => Number(process.hrtime.bigint())

test.each(once)('%s runs and gives its figures', async (name) => {
  const row = ROWS[name]
  // A row that cannot be measured here says why.
  if (row.needs?.() !== undefined) return expect(row.needs()).toMatch(/must/)
  const load = { ...row.load, ...row.tiny }
  const { costs, figures, unit } = await runRow(row, load, { rounds: 1, warmUpMs: 0, sampleMs: 0, clock })
  expect(unit).not.toBe('')
  expect(costs.length).toBeGreaterThan(0)
  for (const { median } of costs) expect(Number.isFinite(median)).toBe(true)
  // So little memory may be none, and nothing divided by nothing is no ratio.
  for (const { median } of figures) expect(median).toBeTypeOf('number')
})

test('every row says what it measures, and no two rows have one name', () => {
  for (const [name, { about }] of Object.entries(ROWS)) {
    expect(name).toMatch(/^[a-z\d.-]+$/)
    expect(about).not.toBe('')
  }
})
