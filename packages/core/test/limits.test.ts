import { expect, it } from 'vitest'
import { DEFAULT_LIMITS, limitExceeded, limitsOf } from '../src/limits.ts'

it('every limit has a default, and an option of its name', () => {
  expect(limitsOf()).toEqual(DEFAULT_LIMITS)
  for (const name of Object.keys(DEFAULT_LIMITS)) {
    expect(limitsOf({ [name]: 7 })).toEqual({ ...DEFAULT_LIMITS, [name]: 7 })
    expect(limitsOf({ [name]: undefined })).toEqual(DEFAULT_LIMITS)
  }
})

it('a limit may be 0, and may be none', () => {
  expect(limitsOf({ maxChoices: 0 }).maxChoices).toBe(0)
  expect(limitsOf({ maxEventLength: Infinity }).maxEventLength).toBe(Infinity)
})

it.each([-1, Number.NaN, '5', null, {}, true])('a limit is not %s: the error shows the right call', (value) => {
  for (const [name, standard] of Object.entries(DEFAULT_LIMITS)) {
    expect(() => limitsOf({ [name]: value as never })).toThrow(TypeError)
    expect(() => limitsOf({ [name]: value as never })).toThrow(`{ ${name}: ${standard} }`)
  }
})

it('the error of a limit names the option to raise, and how much it allows', () => {
  for (const option of Object.keys(DEFAULT_LIMITS) as (keyof typeof DEFAULT_LIMITS)[]) {
    const error = limitExceeded(option, 7)
    expect(error).toMatchObject({ code: 'limit_exceeded', details: { option, limit: 7 } })
    expect(error.message).toMatch(new RegExp(`^\\[limit_exceeded\\] .* the option ${option} allows \\(7\\)$`))
  }
})
