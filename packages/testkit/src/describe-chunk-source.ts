import { describe, expect, it } from 'vitest'
import { bytesOf, cutAt, cutEvery, cutRandomly, type Delivery } from './cut.ts'

/** What the contract looks at in a chunk. Adapters give `ChatCompletionChunk`, which testkit may not import. */
export interface ContractChunk {
  id: string
  choices: readonly { index: number; delta: object; finish_reason: string | null }[]
}

/**
 * Opens the adapter under test over a body that arrives in these pieces.
 *
 * `delivery` tells what the source does after the pieces and what it reports: hand it to `iterableOf`, `streamOf` or
 * `responseOf`, or do the same with the adapter's own transport.
 */
export type OpenSource = (pieces: Uint8Array[], delivery?: Delivery) => AsyncIterable<ContractChunk>

const chunkEvent = (delta: object, finish_reason: string | null = null) => {
  const choices = [{ index: 0, delta, finish_reason }]
  const chunk = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1750000000, model: 'm', choices }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

/** Characters of one to four bytes, a comment, a tool call: something at every place where a cut can hurt. */
const events = [
  chunkEvent({ role: 'assistant', content: '' }),
  chunkEvent({ content: 'Grüße, ' }),
  chunkEvent({ content: '世界 👋🏽\r\n' }),
  chunkEvent({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '' } }] }),
  chunkEvent({ tool_calls: [{ index: 0, function: { arguments: '{"a":"é"}' } }] }),
  chunkEvent({}, 'tool_calls'),
]
const done = 'data: [DONE]\n\n'
const whole = bytesOf(`: comment\n\n${events.join('')}${done}`)

/** How a stream's reading ended: what it yielded, and what it threw. */
interface Outcome {
  chunks: ContractChunk[]
  thrown: unknown
}

/**
 * The contract of everything that turns a body into chunks: any adapter runs it over its own transport.
 *
 * ```ts
 * describeChunkSource('an async iterable', (pieces, delivery) => readChunks(iterableOf(pieces, delivery)))
 * ```
 */
export function describeChunkSource(name: string, open: OpenSource): void {
  const read = (pieces: Uint8Array[], delivery?: Delivery) => outcomeOf(open(pieces, delivery))

  describe(`${name} as a source of chunks`, () => {
    it('gives every event as a chunk', async () => {
      const { chunks, thrown } = await read([whole])
      expect(thrown).toBeUndefined()
      expect(chunks).toHaveLength(events.length)
      expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([
        ...Array.from({ length: events.length - 1 }, () => null),
        'tool_calls',
      ])
    })

    it('gives the same chunks wherever the bytes are cut', async () => {
      const expected = await read([whole])
      for (const at of whole.keys()) expect(await read(cutAt(whole, [at])), `cut at byte ${at}`).toEqual(expected)
      for (const size of [1, 2, 3, 7]) expect(await read(cutEvery(whole, size)), `${size} at a time`).toEqual(expected)
      for (let seed = 0; seed < 20; seed += 1)
        expect(await read(cutRandomly(whole, seed)), `seed ${seed}`).toEqual(expected)
    })

    it('gives the same chunks whichever way lines end, wherever the bytes are cut', async () => {
      const expected = await read([whole])
      for (const lineEnd of ['\r\n', '\r']) {
        const bytes = bytesOf(new TextDecoder().decode(whole).replaceAll('\n', lineEnd))
        for (const at of bytes.keys()) expect(await read(cutAt(bytes, [at])), `cut at byte ${at}`).toEqual(expected)
      }
    })

    it('ignores empty pieces', async () => {
      const empty = new Uint8Array()
      const pieces = cutEvery(whole, 50).flatMap((piece) => [empty, piece, empty])
      expect(await read(pieces)).toEqual(await read([whole]))
    })

    it('gives a chunk as soon as its event is whole', async () => {
      let pulled = 0
      const chunks = open([...events, done].map(bytesOf), { onPull: () => (pulled += 1) })
      const given: ContractChunk[] = []
      for await (const chunk of chunks) {
        given.push(chunk)
        expect(pulled).toBe(given.length)
      }
      expect(given).toHaveLength(events.length)
    })

    it('gives what arrived, then throws incomplete_stream, when the body ends between events', async () => {
      const { chunks: all } = await read([whole])
      for (const count of events.keys()) {
        if (count === 0) continue
        const { chunks, thrown } = await read([bytesOf(events.slice(0, count).join(''))])
        expect(chunks).toEqual(all.slice(0, count))
        expect(thrown).toMatchObject({
          name: 'StreamError',
          code: 'incomplete_stream',
          details: { insideEvent: false },
        })
      }
    })

    it('gives what arrived, then throws incomplete_stream, when the body ends inside an event', async () => {
      const { chunks: all } = await read([whole])
      const { chunks, thrown } = await read([bytesOf(events.slice(0, 4).join('').slice(0, -20))])
      expect(chunks).toEqual(all.slice(0, 3))
      expect(thrown).toMatchObject({ name: 'StreamError', code: 'incomplete_stream', details: { insideEvent: true } })
    })

    it('gives what arrived and says that it is not all, when the body ends at any byte', async () => {
      const { chunks: all } = await read([whole])
      for (const at of whole.keys()) {
        const { chunks, thrown } = await read([whole.subarray(0, at)])
        expect(chunks, `cut at byte ${at}`).toEqual(all.slice(0, chunks.length))
        if (chunks.length === 0) expect(codeOf(thrown), `cut at byte ${at}`).toMatch(/^(?:no_chunk|incomplete_stream)$/)
        else if (chunks.length < all.length) expect(codeOf(thrown), `cut at byte ${at}`).toBe('incomplete_stream')
        // Everything has its finish reason; that [DONE] is cut or missing takes nothing away.
        else expect(thrown, `cut at byte ${at}`).toBeUndefined()
      }
    })

    it('gives what arrived, then throws upstream_error, when the server reports an error', async () => {
      const { chunks: all } = await read([whole])
      const report = 'data: {"error":{"message":"Overloaded","type":"server_error","code":"overloaded"}}\n\n'
      const { chunks, thrown } = await read([bytesOf(events.slice(0, 3).join('') + report + done)])
      expect(chunks).toEqual(all.slice(0, 3))
      expect(thrown).toMatchObject({
        name: 'StreamError',
        code: 'upstream_error',
        details: { error: { message: 'Overloaded', type: 'server_error', code: 'overloaded' } },
      })
    })

    it('throws no_chunk for a body without chunks', async () => {
      for (const body of ['', done, ': comment\n\n', '<html>502 Bad Gateway</html>']) {
        const { chunks, thrown } = await read([bytesOf(body)])
        expect(chunks).toEqual([])
        expect(thrown, `the body ${body}`).toMatchObject({ name: 'StreamError', code: 'no_chunk' })
      }
    })

    it('cancels the source when the reader leaves early', async () => {
      let cancelled = 0
      const chunks = open([...events, done].map(bytesOf), { onCancel: () => (cancelled += 1) })
      for await (const chunk of chunks) {
        expect(chunk).toBeDefined()
        break
      }
      expect(cancelled).toBe(1)
    })

    it('cancels the source when the reader throws', async () => {
      let cancelled = 0
      const chunks = open([...events, done].map(bytesOf), { onCancel: () => (cancelled += 1) })
      const reading = async () => {
        for await (const chunk of chunks) throw new Error(`The reader dislikes ${chunk.id}`)
      }
      await expect(reading()).rejects.toThrow('The reader dislikes chatcmpl-1')
      expect(cancelled).toBe(1)
    })

    it('ends at [DONE] and lets go of a source that stays open', async () => {
      let cancelled = 0
      const { chunks, thrown } = await read([whole], { staysOpen: true, onCancel: () => (cancelled += 1) })
      expect(thrown).toBeUndefined()
      expect(chunks).toHaveLength(events.length)
      expect(cancelled).toBe(1)
    })

    it('gives everything to a slow reader, and reads no further than it asks', async () => {
      const { chunks: expected } = await read([whole])
      let pulled = 0
      const given: ContractChunk[] = []
      for await (const chunk of open([...events, done].map(bytesOf), { onPull: () => (pulled += 1) })) {
        given.push(chunk)
        await turnOfTheLoop()
        expect(pulled).toBeLessThanOrEqual(given.length + 1)
      }
      expect(given).toEqual(expected)
    })

    it('passes on the reason of an abort as it came', async () => {
      const { chunks: all } = await read([whole])
      const reason = new DOMException('The reader pressed stop', 'AbortError')
      const { chunks, thrown } = await read(events.slice(0, 2).map(bytesOf), { failure: reason })
      expect(chunks).toEqual(all.slice(0, 2))
      expect(thrown).toBe(reason)
    })
  })
}

async function outcomeOf(source: AsyncIterable<ContractChunk>): Promise<Outcome> {
  const chunks: ContractChunk[] = []
  try {
    for await (const chunk of source) chunks.push(chunk)
    return { chunks, thrown: undefined }
  } catch (thrown) {
    return { chunks, thrown }
  }
}

/** `StreamError` is core's, which testkit may not import. */
function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.name === 'StreamError' && 'code' in thrown ? thrown.code : thrown
}

/** Lets everything run that can run without the reader. */
function turnOfTheLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
