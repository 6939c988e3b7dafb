import { plainEvents, randomNumbers, type Recording } from '@deltawire/testkit'
import { describeRecordings } from '@deltawire/testkit/describe'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ChatCompletionChunk,
  createAccumulator,
  createNormalizer,
  decodeChunks,
  isStreamError,
  mergeChunk,
  toChatCompletion,
} from '../src/index.ts'
import { groupsOf, normalizedChunk, normalizedChunks, rawChunks } from './arbitrary/chunk.ts'

type Chunk = ChatCompletionChunk

describe('mergeChunk', () => {
  it('is associative', () => {
    fc.assert(
      fc.property(normalizedChunk, normalizedChunk, normalizedChunk, (a, b, c) => {
        expect(sumOf([a, sumOf([b, c])])).toEqual(sumOf([sumOf([a, b]), c]))
      }),
      { numRuns: 1000 },
    )
  })

  it('gives the same answer wherever neighbours have been summed before', () => {
    fc.assert(
      fc.property(withGroups(normalizedChunks), ({ chunks, groups }) => {
        const sums = groups.map((group) => sumOf(group))
        expect(sumOf(sums)).toEqual(sumOf(chunks))
        expect(toChatCompletion(sumOf(sums))).toEqual(toChatCompletion(sumOf(chunks)))
      }),
      { numRuns: 500 },
    )
  })

  it('gives the same answer when sums of sums are summed', () => {
    fc.assert(
      fc.property(normalizedChunks, fc.integer(), (chunks, seed) => {
        expect(sumAnyhow(chunks, randomNumbers(seed))).toEqual(sumOf(chunks))
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
      fc.property(withGroups(normalizedChunks), ({ groups }) => {
        const sums = groups.map((group) => deepFreeze(sumOf(group)))
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

describe('normalize', () => {
  it('changes nothing that it has normalized before', () => {
    fc.assert(
      fc.property(rawChunks, (raw) => {
        const once = normalized(raw)
        expect(normalized(once)).toEqual(once)
      }),
      { numRuns: 1000 },
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
      fc.property(withGroups(rawChunks.map((raw) => normalized(raw))), ({ chunks, groups }) => {
        expect(sumOf(groups.map((group) => sumOf(group)))).toEqual(sumOf(chunks))
      }),
      { numRuns: 500 },
    )
  })

  it('reads sums of normalized chunks, sent as chunks, as the same answer', () => {
    fc.assert(
      fc.property(withGroups(rawChunks.map((raw) => normalized(raw))), ({ chunks, groups }) => {
        const sent = overTheWire(groups.map((group) => sumOf(group)))
        expect(sumOf(normalized(sent))).toEqual(sumOf(chunks))
      }),
      { numRuns: 500 },
    )
  })
})

describeRecordings('the laws hold for what providers really sent', (recordings) => {
  it.each(recordings)('$file, its neighbours summed anyhow, gives the same completion', async (recording) => {
    const chunks = await chunksOf(recording)
    if (chunks.length === 0) return
    const expected = toChatCompletion(sumOf(chunks))
    const random = randomNumbers(recording.bytes.length)
    expect(toChatCompletion(sumAnyhow(chunks, random))).toEqual(expected)
  })

  it.each(recordings)('$file, normalized twice, is the same chunks', async (recording) => {
    const once = await chunksOf(recording)
    expect(normalized(once)).toEqual(once)
  })

  it.each(recordings)('$file, sent on as sums, gives the same completion', async (recording) => {
    const chunks = await chunksOf(recording)
    if (chunks.length === 0) return
    const half = Math.ceil(chunks.length / 2)
    const sent = overTheWire([sumOf(chunks.slice(0, half)), ...chunks.slice(half)])
    expect(toChatCompletion(sumOf(normalized(sent)))).toEqual(toChatCompletion(sumOf(chunks)))
  })
})

/** The sum of chunks that are only read; the sum is ours to change. */
function sumOf(chunks: readonly Chunk[]): Chunk {
  let sum: Chunk | undefined
  for (const chunk of chunks) sum = mergeChunk(sum, chunk)
  if (sum === undefined) throw new Error('There is nothing to sum')
  return sum
}

/** The same sum, grouped by chance: neighbours are summed until one chunk is left. */
function sumAnyhow(chunks: readonly Chunk[], random: () => number): Chunk {
  // Sums are new; a chunk that was given is copied into one before it may grow.
  let sums = chunks.map((chunk) => sumOf([chunk]))
  while (sums.length > 1) {
    const next: Chunk[] = []
    for (const sum of sums) {
      const last = next.at(-1)
      if (last === undefined || random() < 0.5) next.push(sum)
      else next[next.length - 1] = mergeChunk(last, sum)
    }
    sums = next
  }
  return sumOf(sums)
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

function withGroups<T>(lists: fc.Arbitrary<T[]>): fc.Arbitrary<{ chunks: T[]; groups: T[][] }> {
  return lists.chain((chunks) => groupsOf(chunks).map((groups) => ({ chunks, groups })))
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
