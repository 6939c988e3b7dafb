import { createJsonReader } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { aiSdk } from '../readers/libraries.mjs'
import { CUTS } from '../streams/cuts.mjs'
import { readsOfShape } from '../streams/reads.mjs'
import { responseOf } from '../streams/response.mjs'
import { SHAPES } from '../streams/shapes.mjs'

const OURS = 'readChunks and createJsonReader'
const PEER = 'AI SDK streamText to UI messages'

async function ours(response) {
  const reader = createJsonReader()
  let last
  for await (const chunk of readChunks(response)) {
    const text = chunk.choices[0]?.delta.tool_calls?.[0]?.function?.arguments
    if (text !== undefined) reader.push(text)
    last = reader.value
  }
  return last
}

async function peer() {
  const { ai, ask } = await aiSdk()
  return async (response) => {
    let last
    for await (const message of ai.readUIMessageStream({ stream: ask(response).toUIMessageStream() })) last = message
    return last.parts.find(({ type }) => type === 'tool-write_file').input
  }
}

export const toolInput = {
  title: 'Tool input, read live',
  text: 'From bytes to the arguments of a tool as a value, looked at after each 4-character delta.',
  rows: {
    'tool-input': {
      about: '100 KB, 64 KB reads',
      unit: 'ns per delta',
      load: { count: 25_000 },
      tiny: { count: 100 },
      rounds: 5,
      candidates: async ({ count }) => {
        // One document, not a repeated one: it is parsed.
        const reads = readsOfShape(SHAPES.tool, count, CUTS['64k'].size)
        const candidate = (name, read, rest) => ({
          name,
          units: count,
          ...rest,
          async run() {
            if (!Array.isArray((await read(responseOf(reads))).lines))
              throw new Error(`${name} did not read the document`)
          },
        })
        return [candidate(OURS, ours), candidate(PEER, await peer(), { rounds: 1 })]
      },
      figures: [{ kind: 'ratio', of: PEER, over: OURS, atLeast: 1_000 }],
    },
  },
}
