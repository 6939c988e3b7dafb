import { describe, expect, it } from 'vitest'
import { type ChatCompletionChunk, decodeChunks, type StreamEvent } from '../src/index.ts'
import { rawChunk } from './raw.ts'

const event = (value: unknown): StreamEvent => ({ data: typeof value === 'string' ? value : JSON.stringify(value) })
const call = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }

async function read(events: AsyncIterable<StreamEvent> | Iterable<StreamEvent>) {
  const chunks: ChatCompletionChunk[] = []
  try {
    for await (const chunk of decodeChunks(events)) chunks.push(chunk)
    return { chunks }
  } catch (thrown) {
    return { chunks, thrown }
  }
}

describe('a source that fails', () => {
  it('is followed to its failure, which is thrown as it came', async () => {
    const failure = new Error('The cable was cut')
    const { chunks, thrown } = await read(failing([event(rawChunk({ content: 'Hello' }))], failure))
    expect(chunks).toHaveLength(1)
    expect(thrown).toBe(failure)
  })

  it('does not cost what was held back', async () => {
    const { chunks, thrown } = await read(
      failing([event(rawChunk({ tool_calls: [call] }))], new Error('The cable was cut')),
    )
    expect(chunks.at(-1)?.choices[0]?.delta.tool_calls).toEqual([{ index: 0, function: { arguments: '{}' } }])
    expect(thrown).toBeInstanceOf(Error)
  })
})

it('leaving early ends the source', async () => {
  let ended = 0
  async function* source() {
    try {
      for (;;) yield event(rawChunk({ content: 'x' }))
    } finally {
      ended++
    }
  }
  for await (const chunk of decodeChunks(source())) {
    expect(chunk.id).toBe('chatcmpl-1')
    break
  }
  expect(ended).toBe(1)
})

it('[DONE] ends the source', async () => {
  let ended = 0
  async function* source() {
    try {
      yield event(rawChunk({ content: 'x' }))
      for (;;) yield event('[DONE]')
    } finally {
      ended++
    }
  }
  expect(await read(source())).toMatchObject({ chunks: [{ id: 'chatcmpl-1' }] })
  expect(ended).toBe(1)
})

it('warnings can be read at any time, and grow', async () => {
  const drifting = { index: 1, function: { arguments: '1}' } }
  const opening = { index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '{"a":' } }
  const chunks = decodeChunks([
    event(rawChunk({ tool_calls: [opening] })),
    event(rawChunk({ tool_calls: [drifting] })),
    event('[DONE]'),
  ])
  expect(chunks.warnings).toEqual([])
  await chunks.next()
  expect(chunks.warnings).toEqual([])
  await chunks.next()
  expect(chunks.warnings).toMatchObject([{ code: 'tool-index-drift', count: 1 }])
  expect(Object.keys(chunks)).not.toContain('warnings')
})

async function* failing(events: readonly StreamEvent[], failure: Error): AsyncGenerator<StreamEvent, void, undefined> {
  yield* events
  throw failure
}
