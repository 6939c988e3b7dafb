import { accumulate } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { describe, expect, test } from 'vitest'
import { CUTS, readsOf } from '../src/streams/cuts.mjs'
import { DIALECTS } from '../src/streams/dialects.mjs'
import { jsonText, pieces } from '../src/streams/json-text.mjs'
import { readsOfShape } from '../src/streams/reads.mjs'
import { responseOf } from '../src/streams/response.mjs'
import { chunksOf } from '../src/streams/shape.mjs'
import { SHAPES } from '../src/streams/shapes.mjs'

const COUNT = 120
const TEXTS = ['content', 'reasoning_content', 'reasoning']

/** What the chunks say, added up without any of our code. */
function said(chunks) {
  const choices = new Map()
  for (const { choices: list } of chunks)
    for (const { index, delta } of list) {
      const sum = choices.get(index) ?? { arguments: '' }
      for (const name of TEXTS) if (typeof delta[name] === 'string') sum[name] = (sum[name] ?? '') + delta[name]
      sum.arguments += delta.tool_calls?.[0]?.function?.arguments ?? ''
      choices.set(index, sum)
    }
  return choices
}

/** The same of a completion. */
const read = (message) => ({
  arguments: message.tool_calls?.[0]?.function.arguments ?? '',
  ...Object.fromEntries(TEXTS.filter((name) => typeof message[name] === 'string').map((name) => [name, message[name]])),
})

describe.each(Object.entries({ ...SHAPES, ...DIALECTS }))('%s', (name, shape) => {
  test.each(Object.entries(CUTS))('folds to what its chunks say, read by %s', async (cut, { size }) => {
    const response = responseOf(readsOfShape(shape, COUNT, size))
    const { completion, complete, warnings } = await accumulate(readChunks(response))
    expect({ complete, warnings }).toEqual({ complete: true, warnings: [] })
    const expected = said(chunksOf(shape, COUNT))
    expect(completion.choices.length).toBe(expected.size)
    for (const { index, message } of completion.choices) expect(read(message)).toEqual(expected.get(index))
  })

  test('is the same in every run, and another one with another seed', () => {
    const text = (seed) => JSON.stringify(chunksOf(shape, COUNT, seed))
    expect(text(1)).toBe(text(1))
    expect(text(1)).not.toBe(text(2))
  })
})

test('tool arguments are a whole JSON document', () => {
  const [sum] = said(chunksOf(SHAPES.tool, COUNT)).values()
  expect(JSON.parse(sum.arguments)).toMatchObject({ path: 'notes.md' })
})

test('the four choices of n = 4 take turns', () => {
  const order = chunksOf(SHAPES.choices, COUNT).flatMap(({ choices }) => choices.map(({ index }) => index))
  expect(new Set(order)).toEqual(new Set([0, 1, 2, 3]))
})

test('a cut loses nothing and cuts characters in two', () => {
  const events = ['data: 日本\n\n', 'data: 😀\n\n']
  for (const { size } of Object.values(CUTS)) {
    const reads = readsOf(events, size)
    expect(Buffer.concat(reads).toString()).toBe(events.join(''))
    if (size > 0) expect(Math.max(...reads.map(({ length }) => length))).toBeLessThanOrEqual(size)
  }
  expect(readsOf(events, 7)[0].at(-1)).toBeGreaterThan(127)
})

test('a stream that is longer than its block repeats it between one beginning and one end', async () => {
  const { completion, complete } = await accumulate(readChunks(responseOf(readsOfShape(SHAPES.text, 50_000, 65_536))))
  expect(complete).toBe(true)
  const { content } = completion.choices[0].message
  expect(content.slice(0, content.length / 2)).toBe(content.slice(content.length / 2))
})

test('pieces are the text again', () => {
  const text = jsonText(1_000)
  expect(pieces(text).join('')).toBe(text)
  expect(
    new Set(
      pieces(text)
        .slice(0, -1)
        .map(({ length }) => length),
    ),
  ).toEqual(new Set([4]))
  expect(text.length).toBeGreaterThan(1_000)
})
