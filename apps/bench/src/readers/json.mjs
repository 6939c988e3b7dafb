// Ways to read a JSON text that grows: one entry each. `read` takes the deltas, looks at the value after each of them,
// and gives the last one. What parses everything again at each look is given fewer, longer deltas by `every`: each look
// costs the same, and the cost is given per look.
import { createJsonReader } from '@deltawire/core'

export const JSON_READERS = {
  'append, JSON.parse once at the end': async () => (deltas) => {
    let text = ''
    for (const delta of deltas) text += delta
    return JSON.parse(text)
  },
  'createJsonReader, live value': async () => (deltas) => {
    const reader = createJsonReader()
    let last
    for (const delta of deltas) {
      reader.push(delta)
      last = reader.value
    }
    return last
  },
  'createJsonReader, snapshot': async () => (deltas) => {
    const reader = createJsonReader()
    let last
    for (const delta of deltas) {
      reader.push(delta)
      last = reader.snapshot()
    }
    return last
  },
  jsonriver: async () => {
    const { parse } = await import('jsonriver')
    return async (deltas) => {
      let last
      for await (const value of parse(given(deltas))) last = value
      return last
    }
  },
  'partial-json': async () => reparsing((await import('partial-json')).parse),
  "openai's partial-json-parser": async () =>
    reparsing((await import('openai/_vendor/partial-json-parser/parser.mjs')).partialParse),
  "AI SDK's parsePartialJson": async () => {
    const { parsePartialJson } = await import('ai')
    return reparsing(async (text) => (await parsePartialJson(text)).value)
  },
}

async function* given(deltas) {
  yield* deltas
}

/** Calls `parse` with all the text, after each delta. */
const reparsing = (parse) => async (deltas) => {
  let text = ''
  let last
  for (const delta of deltas) {
    text += delta
    try {
      last = await parse(text)
    } catch {
      // Some refuse a text that ends inside a key: the value before stands.
    }
  }
  return last
}
