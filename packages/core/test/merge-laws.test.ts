import { plainEvents, randomNumbers, type Recording } from '@deltawire/testkit'
import { describeRecordings } from '@deltawire/testkit/describe'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ChatCompletion,
  type ChatCompletionChunk,
  createAccumulator,
  createNormalizer,
  decodeChunks,
  isStreamError,
  mergeChunk,
  toChatCompletion,
} from '../src/index.ts'
import {
  changingField,
  chunkWith,
  cuts,
  grouped,
  inDelta,
  normalizedChunk,
  normalizedChunks,
  rawChunks,
} from './arbitrary/chunk.ts'

type Chunk = ChatCompletionChunk

/** Kinds of one field of a content part, in an order that chance seldom finds. */
const changesMetBefore = [
  ['a', 5, 'b'],
  ['a', { x: 1 }, 'b'],
  [[{ id: 'i' }], [null], []],
].map((values): [Chunk[], boolean[]] => [
  values.map((thinking) => chunkWith(inDelta({ content: [{ type: 'text', text: '', thinking }] }))),
  [false, true, false],
])

describe('mergeChunk', () => {
  it('is associative', () => {
    fc.assert(
      fc.property(normalizedChunk, normalizedChunk, normalizedChunk, (a, b, c) => {
        expect(sumOf([a, sumOf([b, c])])).toEqual(sumOf([sumOf([a, b]), c]))
      }),
      { numRuns: 1000 },
    )
  })

  it('is associative where a field changes its kind, at every level', () => {
    fc.assert(
      fc.property(changingField, cuts, (chunks, cutBefore) => {
        expect(sumOf(sumsOf(chunks, cutBefore))).toEqual(sumOf(chunks))
      }),
      { numRuns: 3000, examples: changesMetBefore },
    )
  })

  it('gives the same answer wherever neighbours have been summed before', () => {
    fc.assert(
      fc.property(normalizedChunks, cuts, (chunks, cutBefore) => {
        const sums = sumsOf(chunks, cutBefore)
        expect(sumOf(sums)).toEqual(sumOf(chunks))
        expect(toChatCompletion(sumOf(sums))).toEqual(toChatCompletion(sumOf(chunks)))
      }),
      { numRuns: 500 },
    )
  })

  it('gives the same answer when sums of sums are summed', () => {
    fc.assert(
      fc.property(normalizedChunks, fc.integer(), (chunks, seed) => {
        expect(summedAnyhow(chunks, randomNumbers(seed))).toEqual([sumOf(chunks)])
      }),
      { numRuns: 500 },
    )
  })

  it('never changes what it adds', () => {
    fc.assert(
      fc.property(normalizedChunks, (chunks) => {
        const before = structuredClone(chunks)
        // A change to a frozen value throws.
        sumOf(chunks.map((chunk) => deepFreeze(chunk)))
        expect(chunks).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it('never changes a sum that it adds to another', () => {
    fc.assert(
      fc.property(normalizedChunks, cuts, (chunks, cutBefore) => {
        const sums = sumsOf(chunks, cutBefore).map((sum) => deepFreeze(sum))
        const before = structuredClone(sums)
        sumOf(sums)
        expect(sums).toEqual(before)
      }),
      { numRuns: 500 },
    )
  })

  it('adds nothing for a chunk that was added with nothing in it', () => {
    fc.assert(
      fc.property(normalizedChunks, fc.nat(), (chunks, at) => {
        const empty: Chunk = { id: '', object: 'chat.completion.chunk', created: 0, model: '', choices: [] }
        const among = chunks.toSpliced(at % (chunks.length + 1), 0, empty)
        expect(sumOf(among)).toEqual(sumOf(chunks))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a snapshot', () => {
  it('is the sum of its moment, and never changes afterwards', () => {
    fc.assert(
      fc.property(normalizedChunks, (chunks) => {
        const accumulator = createAccumulator()
        const taken = chunks.map((chunk) => {
          accumulator.push(chunk)
          // The sum is copied, not the snapshot: to read the snapshot now might be what keeps it from changing.
          return { snapshot: accumulator.snapshot(), sum: structuredClone(accumulator.sum) }
        })
        for (const { snapshot, sum } of taken) expect(snapshot).toEqual(sum)
      }),
      { numRuns: 500 },
    )
  })

  it('of a long list never changes either', () => {
    const accumulator = createAccumulator()
    const taken = Array.from({ length: 200 }, (_, at) => {
      accumulator.push(longListChunk(at))
      return { snapshot: accumulator.snapshot(), sum: structuredClone(accumulator.sum) }
    })
    for (const { snapshot, sum } of taken) expect(snapshot).toEqual(sum)
  })

  it('and what came after it make the whole, and leave the snapshot as it was', () => {
    fc.assert(
      fc.property(normalizedChunks, fc.nat(), (chunks, at) => {
        const begun = chunks.slice(0, 1 + (at % chunks.length))
        const accumulator = createAccumulator()
        for (const chunk of begun) accumulator.push(chunk)
        const snapshot = accumulator.snapshot()
        if (snapshot === undefined) throw new Error('A snapshot after a chunk is a chunk')
        for (const chunk of chunks.slice(begun.length)) accumulator.push(chunk)
        expect(sumOf([snapshot, ...chunks.slice(begun.length)])).toEqual(accumulator.sum)
        expect(snapshot).toEqual(sumOf(begun))
      }),
      { numRuns: 500 },
    )
  })

  it('gives the same completion as the sum', () => {
    fc.assert(
      fc.property(normalizedChunks, (chunks) => {
        const accumulator = createAccumulator()
        for (const chunk of chunks) accumulator.push(chunk)
        const snapshot = accumulator.snapshot()
        expect(snapshot && toChatCompletion(snapshot)).toEqual(toChatCompletion(sumOf(chunks)))
      }),
      { numRuns: 300 },
    )
  })
})

describe('toChatCompletion', () => {
  it('shares nothing with the sum, which may go on growing', () => {
    fc.assert(
      fc.property(normalizedChunks, normalizedChunks, (chunks, later) => {
        const sum = sumOf(chunks)
        const completion = toChatCompletion(sum)
        const before = structuredClone(completion)
        for (const chunk of later) mergeChunk(sum, chunk)
        expect(completion).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })
})

/** Streams for which a law of normalizing once failed: chance would find some of them only now and then. */
const metBefore: Record<string, unknown>[][] = [
  // A message in place of a delta, which a second reading took for the echo of one.
  [{ choices: [{ delta: { content: 'a' } }] }, { choices: [{ message: { content: 'b' }, finish_reason: 'stop' }] }],
  // Arguments that are held back because they may be a placeholder, and a stream that says no more.
  callsIn({ index: 0, id: 'call_1', function: { name: 'f', arguments: '{}' } }),
  callsIn([{ function: { name: 'f', arguments: '{}' } }, { index: 0, function: { provider: [] } }]),
  // An index that comes later, with the id of a call that had none.
  callsIn({ id: 'call_1', function: {} }, { index: 0, id: 'call_1' }, { function: { arguments: 'a' } }),
  // The old way of calling, with a message that holds none between.
  [
    { choices: [{ delta: { function_call: { name: 'get_f', arguments: '{}' } } }] },
    { choices: [{ message: { content: 'a', function_call: 'f' } }] },
    { choices: [{ delta: { function_call: { name: 'f' } } }] },
  ],
]

describe('normalize', () => {
  it('changes nothing that it has normalized before', () => {
    fc.assert(
      fc.property(rawChunks, (raw) => {
        const once = normalized(raw)
        expect(normalized(once)).toEqual(once)
      }),
      { numRuns: 1000, examples: metBefore.map((raw) => [raw]) },
    )
  })

  it('only reads what was sent', () => {
    fc.assert(
      fc.property(rawChunks, (raw) => {
        const before = structuredClone(raw)
        normalized(raw.map((chunk) => deepFreeze(chunk)))
        expect(raw).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })

  it('gives chunks that may be summed anywhere', () => {
    fc.assert(
      fc.property(rawChunks, cuts, (raw, cutBefore) => {
        const chunks = normalized(raw)
        expect(sumOf(sumsOf(chunks, cutBefore))).toEqual(sumOf(chunks))
      }),
      { numRuns: 500 },
    )
  })

  it('reads sums of normalized chunks, sent as chunks, as the same answer', () => {
    fc.assert(
      fc.property(rawChunks, cuts, (raw, cutBefore) => {
        const chunks = normalized(raw)
        const sent = overTheWire(sumsOf(chunks, cutBefore))
        expect(toChatCompletion(sumOf(normalized(sent)))).toEqual(toChatCompletion(sumOf(chunks)))
      }),
      { numRuns: 500, examples: metBefore.map((raw) => [raw, [false]]) },
    )
  })
})

describeRecordings('the laws hold for what providers really sent', (recordings) => {
  // Not as objects: the reporter would shorten their names.
  describe.for(recordings.map((recording): [string, Recording] => [recording.file, recording]))(
    '%s',
    ([, recording]) => {
      let chunks: Chunk[] = []
      beforeAll(async () => {
        chunks = await chunksOf(recording)
      })
      // All of them at once would fill the memory.
      afterAll(() => {
        chunks = []
      })

      it('gives the same completion when its neighbours are summed anyhow', () => {
        const random = randomNumbers(recording.bytes.length)
        expect(completionOf(summedAnyhow(chunks, random))).toEqual(completionOf(chunks))
      })

      it('is the same chunks when it is normalized again', () => {
        expect(normalized(chunks)).toEqual(chunks)
      })

      it('gives the same completion when its beginning is sent on as one chunk', () => {
        const half = Math.ceil(chunks.length / 2)
        const random = randomNumbers(recording.bytes.length)
        const sent = overTheWire([...summedAnyhow(chunks.slice(0, half), random), ...chunks.slice(half)])
        expect(completionOf(normalized(sent))).toEqual(completionOf(chunks))
      })
    },
  )
})

/** The sum of chunks that are only read; the sum is ours to change. */
function sumOf(chunks: readonly Chunk[]): Chunk {
  let sum: Chunk | undefined
  for (const chunk of chunks) sum = mergeChunk(sum, chunk)
  if (sum === undefined) throw new Error('There is nothing to sum')
  return sum
}

function sumsOf(chunks: readonly Chunk[], cutBefore: readonly boolean[]): Chunk[] {
  return grouped(chunks, cutBefore).map((group) => sumOf(group))
}

/** The same sum, grouped by chance: neighbours are summed until one chunk is left, or none for none. */
function summedAnyhow(chunks: readonly Chunk[], random: () => number): Chunk[] {
  // Each is a sum of its own first, because sums grow and chunks that were given may not.
  let sums = chunks.map((chunk) => sumOf([chunk]))
  while (sums.length > 1) {
    const fewer: Chunk[] = []
    for (const sum of sums) {
      const last = fewer.at(-1)
      if (last === undefined || random() < 0.5) fewer.push(sum)
      else fewer[fewer.length - 1] = mergeChunk(last, sum)
    }
    sums = fewer
  }
  return sums
}

function completionOf(chunks: readonly Chunk[]): ChatCompletion | null {
  return chunks.length === 0 ? null : toChatCompletion(sumOf(chunks))
}

/** A raw chunk for each of these `tool_calls`. */
function callsIn(...toolCalls: unknown[]): Record<string, unknown>[] {
  return toolCalls.map((calls) => ({ choices: [{ delta: { tool_calls: calls } }] }))
}

function normalized(raw: readonly unknown[]): Chunk[] {
  const normalizer = createNormalizer()
  const chunks = raw.map((chunk) => normalizer.normalize(chunk))
  return [...chunks, normalizer.end()].filter((chunk) => chunk !== undefined)
}

async function chunksOf({ bytes }: Recording): Promise<Chunk[]> {
  const events = plainEvents(new TextDecoder().decode(bytes)).map(({ name, data }) => ({
    event: name || undefined,
    data,
  }))
  const chunks: Chunk[] = []
  try {
    for await (const chunk of decodeChunks(events)) chunks.push(chunk)
  } catch (error) {
    // Some recordings are of broken streams; what arrived obeys the same laws.
    if (!isStreamError(error)) throw error
  }
  return chunks
}

/** Enough items of every list that grows for a snapshot to be tempted to share it. */
function longListChunk(at: number): Chunk {
  const token = { token: `t${at}`, logprob: -1, bytes: null, top_logprobs: [] }
  const choice = {
    index: 0,
    delta: {
      content: [{ type: at % 3 === 0 ? 'thinking' : 'text', text: `${at} ` }],
      annotations: [
        { type: 'url_citation' as const, url_citation: { start_index: 0, end_index: at, url: 'u', title: '' } },
      ],
      reasoning_details: [{ type: 'reasoning.text', index: at % 40, text: `${at} ` }],
    },
    finish_reason: null,
    logprobs: { content: [token], refusal: null },
    token_ids: [at],
  }
  return { id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [choice] }
}

function overTheWire<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inside of Object.values(value)) deepFreeze(inside)
    Object.freeze(value)
  }
  return value
}
