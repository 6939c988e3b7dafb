import { expect, it } from 'vitest'
import { hasPlaces, placesIn } from '../src/merge/places.ts'

it('the places of a list are found once, and then kept by whoever adds to it', () => {
  let asked = 0
  const keyOf = (item: string) => (asked++, item === '-' ? undefined : item)
  const list = ['a', '-', 'b']
  expect(hasPlaces(list)).toBe(false)
  const places = placesIn(list, keyOf)
  expect([...places]).toEqual([
    ['a', 0],
    ['b', 2],
  ])
  places.set('c', list.push('c') - 1)
  expect(placesIn(list, keyOf)).toBe(places)
  expect(asked).toBe(3)
  expect(hasPlaces(list)).toBe(true)
})
