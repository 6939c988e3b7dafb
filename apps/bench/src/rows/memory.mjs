import { startChild } from '../processes/child.mjs'
import { textOfChunk } from '../readers/text-of.mjs'
import { deltasOf } from '../streams/shape.mjs'
import { SHAPES } from '../streams/shapes.mjs'

const OURS = 'accumulate(readChunks(response))'
const PEER = 'openai client.chat.completions.stream'
const ACCUMULATOR = 'createAccumulator'
const STRING = 'the text alone, as a string'
const ABOVE = `${ACCUMULATOR}, above its text as a string`

/** Peers hold fewer streams, because they take long to get there; what one costs does not depend on how many there are. */
const CANDIDATES = {
  [ACCUMULATOR]: { holder: 'createAccumulator', streams: 10_000 },
  [OURS]: { holder: 'accumulate', streams: 10_000 },
  'reading the Response and nothing else': { holder: 'reading the Response and nothing else', streams: 2_000 },
  'openai ChatCompletionStream.fromReadableStream': { holder: 'ChatCompletionStream', streams: 500 },
  [PEER]: { holder: 'client.chat.completions.stream', streams: 500 },
}

async function held({ holder, streams }, { count, most }) {
  const child = startChild('hold.mjs')
  const asked = Math.min(streams, most)
  const { bytes } = await child.ask({ holder, shape: 'text', count, streams: asked })
  await child.end()
  return bytes / asked
}

const textOf = (count) => Array.from(deltasOf(SHAPES.text, count), textOfChunk).join('')

export const memory = {
  title: 'Memory',
  text: 'What one stream holds in the middle of its answer, after a full collection: heap and external memory. Each candidate is in a new process; 10,000 streams at once of ours, 2,000 Responses that are only read, 500 of the peers, which take too long to get there. Some of the text is not Latin-1, so a JavaScript string holds two bytes for each of its characters.',
  rows: {
    memory: {
      about: '1,000 chunks of text, one event per read',
      unit: 'bytes per live stream',
      load: { count: 1_000, most: Infinity },
      tiny: { count: 30, most: 4 },
      rounds: 1,
      candidates(load) {
        const text = textOf(load.count)
        const found = new Map()
        const measure = async (name) => {
          found.set(name, await held(CANDIDATES[name], load))
          return found.get(name)
        }
        return [
          ...Object.keys(CANDIDATES).map((name) => ({ name, sample: () => measure(name) })),
          { name: STRING, sample: async () => 2 * text.length },
          { name: 'the text alone, UTF-8', sample: async () => Buffer.byteLength(text) },
          { name: ABOVE, sample: async () => found.get(ACCUMULATOR) - 2 * text.length },
        ]
      },
      figures: [
        { kind: 'value', of: ABOVE, unit: ' bytes', atMost: 2048 },
        { kind: 'ratio', of: PEER, over: OURS, atLeast: 3 },
        { kind: 'ratio', of: 'openai ChatCompletionStream.fromReadableStream', over: ACCUMULATOR, atLeast: 3 },
      ],
    },
  },
}
