// A process that holds streams in the middle of their answers, and says what they cost.
import { accumulate, createAccumulator, createNormalizer } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { messages } from '../readers/libraries.mjs'
import { framesOf } from '../streams/frames.mjs'
import { readsOf } from '../streams/cuts.mjs'
import { openResponseOf } from '../streams/response.mjs'
import { deltasOf } from '../streams/shape.mjs'
import { SHAPES } from '../streams/shapes.mjs'
import { answerQuestions } from './child.mjs'
import { idle, retained } from './retained.mjs'

/** Each makes a function that gives a new holder all chunks, and keeps what a program would keep. */
const HOLDERS = {
  createAccumulator: async (chunks) => {
    const normalizer = createNormalizer()
    const normalized = chunks.map((chunk) => normalizer.normalize(chunk))
    return () => {
      const accumulator = createAccumulator()
      for (const chunk of normalized) accumulator.push(chunk)
      return accumulator
    }
  },
  accumulate: async (chunks) => {
    const reads = readsOf(framesOf(chunks), 0)
    return () => accumulate(readChunks(openResponseOf(reads)))
  },
  'reading the Response and nothing else': async (chunks) => {
    const reads = readsOf(framesOf(chunks), 0)
    return () => swallow(openResponseOf(reads))
  },
  ChatCompletionStream: async (chunks) => {
    const { ChatCompletionStream } = await import('openai/lib/ChatCompletionStream')
    const lines = readsOf(
      chunks.map((chunk) => `${JSON.stringify(chunk)}\n`),
      0,
    )
    return () => ChatCompletionStream.fromReadableStream(openResponseOf(lines).body)
  },
  'client.chat.completions.stream': async (chunks) => {
    const { OpenAI } = await import('openai')
    const reads = readsOf(framesOf(chunks), 0)
    return () => {
      const client = new OpenAI({ apiKey: 'none', maxRetries: 0, fetch: async () => openResponseOf(reads) })
      return client.chat.completions.stream({ model: 'm', messages })
    }
  },
}

async function swallow(response) {
  const reader = response.body.getReader()
  while (!(await reader.read()).done);
}

const held = []

answerQuestions(async ({ holder, shape, count, streams }) => {
  const { open } = SHAPES[shape]
  const chunks = [...open(), ...deltasOf(SHAPES[shape], count)]
  const hold = await HOLDERS[holder](chunks)
  const add = async (many) => {
    for (let at = 0; at < many; at++) {
      held.push(hold())
      if (at % 50 === 49) await idle()
    }
    await idle()
  }
  // What is loaded and compiled once is nobody's.
  await add(Math.min(20, streams))
  const before = await retained()
  await add(streams)
  return { bytes: (await retained()) - before }
})
