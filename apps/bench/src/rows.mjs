// What is measured: one row each. A row gives its candidates; the first one is what the others are compared with.
import { accumulate, createAccumulator, createJsonReader, createNormalizer } from '@deltawire/core'
import { readChunks } from '@deltawire/node'
import { bound, ours, peers } from './peers.mjs'
import { choiceChunks, jsonText, pieces, reads, reasoningChunks, textChunks, toolChunks } from './streams.mjs'

const SIZES = [10_000, 100_000, 1_000_000]

/** Repeats the middle of a stream, so that a million chunks need no gigabyte of memory to be measured. */
function* repeated(block, times) {
  for (let i = 0; i < times; i++) yield* block
}

const normalized = (chunks) => {
  const { normalize } = createNormalizer()
  return Array.from(chunks, (chunk) => normalize(chunk))
}

/** A response over reads that lie ready, given one by one as a socket gives them. */
function responseOf(list) {
  let at = 0
  const body = new ReadableStream({
    pull(controller) {
      if (at < list.length) controller.enqueue(list[at++])
      else controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** A candidate that must read the same text as the bound. */
const reading = (name, list, units, expected, read, repeat = Math.max(1, Math.round(50_000 / units))) => ({
  name,
  units,
  // Fast ones run several times, so that the compiler has seen them as often as it would in a program.
  repeat,
  async run() {
    const text = await read(responseOf(list))
    if (text !== expected && text.trim() !== expected.trim()) throw new Error(`${name} read another text`)
  },
})

const SHAPES = {
  text: (count) => [...textChunks(count)],
  'tool arguments': (count) => [...toolChunks(count * 4)],
  reasoning: (count) => [...reasoningChunks(count)],
  'n = 4': (count) => [...choiceChunks(count)],
}

const CUTS = { 'one event per read': 0, '16 KB reads': 16 * 1024, '64 KB reads': 64 * 1024, '7-byte reads': 7 }

/** The bound against ours, for one shape and one cut. */
function journey(mode, shape, cut, count = 10_000) {
  return {
    title: `${mode === 'fold' ? 'Bytes of a Response to the completion' : 'for await over every chunk of a Response'}: ${shape}, ${cut}, ${count.toLocaleString('en')} chunks`,
    unit: 'ns per chunk',
    faster: true,
    async candidates() {
      const chunks = SHAPES[shape](count)
      const list = [...reads(chunks, CUTS[cut])]
      const expected = await bound[mode](responseOf(list))
      return [
        reading('hand-written loop with JSON.parse', list, chunks.length, expected, bound[mode]),
        reading(
          mode === 'fold' ? 'accumulate(readChunks(response))' : 'for await (… of readChunks(response))',
          list,
          chunks.length,
          expected,
          ours[mode],
        ),
        {
          name: 'reading the Response and nothing else',
          units: chunks.length,
          async run() {
            const reader = responseOf(list).body.getReader()
            while (!(await reader.read()).done);
          },
        },
      ]
    },
  }
}

function against(cut) {
  return {
    title: `Against other libraries: 10,000 chunks of text, ${cut}`,
    unit: 'ns per chunk',
    faster: true,
    rounds: 5,
    async candidates() {
      const chunks = SHAPES.text(10_000)
      const list = [...reads(chunks, CUTS[cut])]
      const expected = await bound.fold(responseOf(list))
      const candidates = [reading('accumulate(readChunks(response))', list, chunks.length, expected, ours.fold)]
      candidates.push(reading('hand-written loop with JSON.parse', list, chunks.length, expected, bound.fold))
      for (const [name, load] of Object.entries(peers))
        candidates.push(reading(name, list, chunks.length, expected, await load(), 1))
      return candidates
    },
  }
}

export const rows = {
  'fold-text-64k': journey('fold', 'text', '64 KB reads'),
  'fold-text-16k': journey('fold', 'text', '16 KB reads'),
  'fold-text-event': journey('fold', 'text', 'one event per read'),
  'fold-text-7': journey('fold', 'text', '7-byte reads', 2_000),
  'fold-text-1k': journey('fold', 'text', '64 KB reads', 1_000),
  'fold-text-100k': journey('fold', 'text', '64 KB reads', 100_000),
  'fold-tool-64k': journey('fold', 'tool arguments', '64 KB reads'),
  'fold-tool-event': journey('fold', 'tool arguments', 'one event per read'),
  'fold-reasoning-64k': journey('fold', 'reasoning', '64 KB reads'),
  'fold-choices-64k': journey('fold', 'n = 4', '64 KB reads'),
  'iterate-text-64k': journey('iterate', 'text', '64 KB reads'),
  'iterate-text-16k': journey('iterate', 'text', '16 KB reads'),
  'iterate-text-event': journey('iterate', 'text', 'one event per read'),
  'iterate-tool-64k': journey('iterate', 'tool arguments', '64 KB reads'),
  'peers-64k': against('64 KB reads'),
  'peers-event': against('one event per read'),
  'fold-growth': {
    title: 'Folding chunks: cost per chunk against the number of chunks',
    unit: 'ns per chunk',
    growth: true,
    candidates() {
      const block = normalized(textChunks(10_000)).slice(1, -2)
      return SIZES.map((size) => ({
        name: `createAccumulator, ${size.toLocaleString('en')} chunks`,
        units: size,
        repeat: Math.max(1, 200_000 / size),
        run() {
          const accumulator = createAccumulator()
          for (const chunk of repeated(block, size / block.length)) accumulator.push(chunk)
          return accumulator.completion()
        },
      }))
    },
  },
  'read-growth': {
    title: 'Bytes to the completion (64 KB reads): cost per chunk against the number of chunks',
    unit: 'ns per chunk',
    growth: true,
    rounds: 5,
    candidates() {
      const head = [...textChunks(0)]
      const body = [...textChunks(10_000)].slice(1, -2)
      const [first, last] = [[...reads(head.slice(0, 1), 1 << 16)][0], [...reads(head.slice(1), 1 << 16)][0]]
      const text = (bytes) => new TextDecoder().decode(bytes).replace('data: [DONE]\n\n', '')
      const middle = [...reads(body, 1 << 16)].map((bytes, at, all) =>
        at === all.length - 1 ? new TextEncoder().encode(text(bytes)) : bytes,
      )
      return SIZES.map((size) => ({
        name: `accumulate(readChunks(bytes)), ${size.toLocaleString('en')} chunks`,
        units: size,
        repeat: Math.max(1, 100_000 / size),
        async run() {
          async function* source() {
            yield new TextEncoder().encode(text(first))
            yield* repeated(middle, size / 10_000)
            yield last
          }
          const { complete, error } = await accumulate(readChunks(source()))
          if (!complete) throw new Error('the stream broke', { cause: error })
        },
      }))
    },
  },
  'tool-arguments-growth': {
    title: 'A tool call whose arguments grow in 4-character deltas, read live after each delta',
    unit: 'ns per delta',
    growth: true,
    candidates() {
      return [10_000, 100_000, 1_000_000].map((length) => {
        const chunks = normalized(toolChunks(length))
        return {
          name: `accumulate and createJsonReader, ${length.toLocaleString('en')} characters`,
          units: chunks.length,
          repeat: Math.max(1, 400_000 / length),
          run() {
            const accumulator = createAccumulator()
            const reader = createJsonReader()
            let seen = 0
            for (const chunk of chunks) {
              accumulator.push(chunk)
              reader.push(chunk.choices[0].delta.tool_calls?.[0]?.function?.arguments ?? '')
              if (reader.value !== undefined) seen++
            }
            if (!reader.done) throw new Error('the document is not complete')
            return seen
          },
        }
      })
    },
  },
  'json-reader': {
    title: 'createJsonReader on 1 MB in 4-character deltas against one JSON.parse at the end',
    unit: 'ns per delta',
    candidates() {
      const text = jsonText(1_000_000)
      const deltas = pieces(text, 4)
      return [
        {
          name: 'append, JSON.parse once at the end',
          units: deltas.length,
          run() {
            let all = ''
            for (const delta of deltas) all += delta
            return JSON.parse(all)
          },
        },
        {
          name: 'createJsonReader, value read after each delta',
          units: deltas.length,
          run() {
            const reader = createJsonReader()
            let last
            for (const delta of deltas) {
              reader.push(delta)
              last = reader.value
            }
            return last
          },
        },
        {
          name: 'createJsonReader, snapshot after each delta',
          units: deltas.length,
          run() {
            const reader = createJsonReader()
            let last
            for (const delta of deltas) {
              reader.push(delta)
              last = reader.snapshot()
            }
            return last
          },
        },
      ]
    },
  },
  'snapshot-growth': {
    title: 'A snapshot after every chunk: cost per chunk against the number of chunks',
    unit: 'ns per chunk',
    growth: true,
    candidates() {
      const block = normalized(textChunks(10_000)).slice(1, -2)
      return [10_000, 100_000].map((size) => ({
        name: `push and snapshot, ${size.toLocaleString('en')} chunks`,
        units: size,
        repeat: 100_000 / size,
        run() {
          const accumulator = createAccumulator()
          let last
          for (const chunk of repeated(block, size / block.length)) {
            accumulator.push(chunk)
            last = accumulator.snapshot()
          }
          return last
        },
      }))
    },
  },
}
