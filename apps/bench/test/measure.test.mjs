import { expect, test } from 'vitest'
import { computeFigures, isMet } from '../src/figures.mjs'
import { exponent, interleaved, ratio, spread } from '../src/measure.mjs'

test('candidates take turns', async () => {
  const order = []
  const candidate = (name) => ({ name, units: 1, run: () => order.push(name) })
  await interleaved([candidate('a'), candidate('b')], { rounds: 2, warmUpMs: 0, sampleMs: 0 })
  expect(order.slice(-4).join('')).toBe('abab')
})

test('a cost is what one unit took, by the clock that was passed in', async () => {
  let now = 0
  const work = { name: 'work', units: 10, run: () => (now += 5_000_000) }
  const [{ samples }] = await interleaved([work], { rounds: 3, warmUpMs: 5, sampleMs: 20, clock: () => now })
  expect(samples).toEqual([500_000, 500_000, 500_000])
})

test('what is asked for fewer rounds runs so often and is not warmed up', async () => {
  let runs = 0
  const slow = { name: 'slow', units: 1, rounds: 1, run: () => runs++ }
  await interleaved([slow], { rounds: 5, warmUpMs: 0, sampleMs: 0 })
  expect(runs).toBe(1)
})

test('a cost that was found elsewhere is taken as it is', async () => {
  const [{ samples }] = await interleaved([{ name: 'elsewhere', sample: async () => 7 }], { rounds: 2 })
  expect(samples).toEqual([7, 7])
})

test('a spread is the median and the middle eight tenths', () => {
  expect(spread([5, 1, 3, 2, 4])).toEqual({ median: 3, p10: 1, p90: 5, rounds: 5 })
})

test('a ratio is taken within each round', () => {
  // The machine was ten times as slow in the second round.
  expect(ratio({ samples: [8, 80, 8] }, { samples: [2, 20, 2] })).toMatchObject({ median: 4, p10: 4, p90: 4 })
})

test.each([
  [1, 1],
  [1.5, 1.5],
  [2, 2],
])('a cost that grows with the power %d has the exponent %d', (power, expected) => {
  const sizes = [1_000, 10_000, 100_000].map((units) => ({ units, samples: [units ** power / units] }))
  expect(exponent(sizes).median).toBeCloseTo(expected)
})

test('the last step shows a growth that the beginning hides', () => {
  const sizes = [1_000, 10_000, 100_000, 1_000_000].map((units) => ({
    name: `${units}`,
    of: 'x',
    units,
    samples: [(1e6 + units + units ** 2 / 1e4) / units],
  }))
  const [whole, last] = computeFigures(
    [
      { kind: 'exponent', of: 'x' },
      { kind: 'last step', of: 'x' },
    ],
    sizes,
  )
  expect(whole.median).toBeLessThan(1)
  expect(last.median).toBeGreaterThan(1.5)
})

test('a figure is met at its target and not beyond, and one without a target is not judged', () => {
  expect(isMet({ median: 8, atLeast: 8 })).toBe(true)
  expect(isMet({ median: 7.9, atLeast: 8 })).toBe(false)
  expect(isMet({ median: 1.06, atMost: 1.05 })).toBe(false)
  expect(isMet({ median: 1 })).toBeUndefined()
})

test('a figure of a candidate that does not exist is a mistake', () => {
  expect(() => computeFigures([{ kind: 'value', of: 'nobody' }], [])).toThrow('no candidate is called nobody')
})
