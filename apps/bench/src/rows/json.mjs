import { JSON_READERS } from '../readers/json.mjs'
import { jsonText, pieces } from '../streams/json-text.mjs'

const ONCE = 'append, JSON.parse once at the end'
const LIVE = 'createJsonReader, live value'
const SNAPSHOT = 'createJsonReader, snapshot'
const REPARSING = ['partial-json', "openai's partial-json-parser", "AI SDK's parsePartialJson"]
/** Those are asked once for every so many deltas; each look costs what the whole text costs. */
const STRIDE = 256

async function candidate(name, text, size) {
  const deltas = pieces(text, size)
  const read = await JSON_READERS[name]()
  const expected = JSON.stringify(JSON.parse(text))
  if (JSON.stringify(await read(deltas)) !== expected) throw new Error(`${name} read another value`)
  return { name, units: deltas.length, run: () => read(deltas) }
}

const growing = (name, load) =>
  load.sizes.map((length) => {
    const deltas = pieces(jsonText(length))
    return {
      name: `${name}, ${length.toLocaleString('en')} characters`,
      of: name,
      units: deltas.length,
      run: async () => (await JSON_READERS[name]())(deltas),
    }
  })

export const json = {
  title: 'JSON that grows',
  text: `Tool arguments in 4-character deltas, the value read after each. What parses everything again at each look is asked at every ${STRIDE}th delta only, for the cost of a look.`,
  rows: {
    'json-1m': {
      about: '1 MB, against one JSON.parse at the end',
      unit: 'ns per delta',
      load: { length: 1_000_000 },
      tiny: { length: 400 },
      rounds: 9,
      candidates: async ({ length }) => {
        const text = jsonText(length)
        const list = []
        for (const name of [ONCE, LIVE, SNAPSHOT]) list.push(await candidate(name, text, 4))
        return list
      },
      figures: [
        { kind: 'ratio', of: LIVE, over: ONCE, atMost: 1.5 },
        { kind: 'ratio', of: SNAPSHOT, over: ONCE },
      ],
    },
    'json-100k': {
      about: '100 KB, against other readers of partial JSON',
      unit: 'ns per look',
      load: { length: 100_000 },
      tiny: { length: 400 },
      rounds: 5,
      candidates: async ({ length }) => {
        const text = jsonText(length)
        const list = []
        for (const name of [LIVE, SNAPSHOT, 'jsonriver']) list.push(await candidate(name, text, 4))
        for (const name of REPARSING) list.push(await candidate(name, text, 4 * STRIDE))
        return list
      },
      figures: [
        ...REPARSING.map((of) => ({ kind: 'ratio', of, over: LIVE, atLeast: 1_000 })),
        { kind: 'ratio', of: 'jsonriver', over: LIVE },
      ],
    },
    'json-growth': {
      about: '1 KB to 1 MB',
      unit: 'ns per delta',
      load: { sizes: [1_000, 10_000, 100_000, 1_000_000] },
      tiny: { sizes: [200, 400] },
      rounds: 5,
      candidates: (load) => [...growing(LIVE, load), ...growing(SNAPSHOT, load)],
      figures: [
        { kind: 'exponent', of: LIVE, atMost: 1.05 },
        { kind: 'exponent', of: SNAPSHOT, atMost: 1.1 },
        { kind: 'last step', of: SNAPSHOT },
      ],
    },
  },
}
