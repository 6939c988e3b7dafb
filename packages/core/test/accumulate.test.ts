import { describe, expect, it } from 'vitest'
import { accumulate, type ChatCompletionChunk, createAccumulator, decodeChunks, StreamError } from '../src/index.ts'
import { chunkOf, rawChunk } from './raw.ts'

const chunks = [chunkOf({ content: 'Hel' }), chunkOf({ content: 'lo' }, { finish_reason: 'stop' })]

async function* failing(reason: unknown): AsyncGenerator<ChatCompletionChunk> {
  yield* chunks
  throw reason
}

describe('accumulate', () => {
  it('reads a list, a generator, and a stream', async () => {
    const events = ['Hel', 'lo'].map((content, at) => ({
      data: JSON.stringify(rawChunk({ content }, at === 1 ? 'stop' : null)),
    }))
    const answers = [
      await accumulate(chunks),
      await accumulate(failing(undefined)),
      await accumulate(decodeChunks(events)),
    ]
    for (const { completion } of answers) expect(completion?.choices[0]?.message.content).toBe('Hello')
    expect(answers.map(({ complete }) => complete)).toEqual([true, false, true])
  })

  it('takes a list of another library for what it is', async () => {
    const list = Object.assign([...chunks], {
      fold: (combine: (sum: unknown, chunk: unknown) => unknown) => combine(0, 0),
    })
    expect((await accumulate(list)).completion?.choices[0]?.message.content).toBe('Hello')
  })

  it('has no completion where no choice appeared', async () => {
    expect(await accumulate([])).toEqual({ completion: null, complete: true, warnings: [], error: null })
    expect(await accumulate([{ ...chunkOf({}), choices: [] }])).toMatchObject({ completion: null, complete: true })
  })

  it('gives the partial answer with the error, as it came', async () => {
    const reason = new StreamError('incomplete_stream', 'm', { chunks: 2, insideEvent: false })
    const { completion, complete, error } = await accumulate(failing(reason))
    expect({ complete, error }).toEqual({ complete: false, error: reason })
    expect(completion?.choices[0]?.message.content).toBe('Hello')
  })

  it('makes an error of what was thrown and is none', async () => {
    for (const reason of ['gone', undefined, 7, null, { code: 1 }]) {
      const { error } = await accumulate(failing(reason))
      expect(error).toBeInstanceOf(Error)
      expect(error?.cause).toBe(reason)
    }
  })

  it('gives the warnings of the stream', async () => {
    const { warnings } = await accumulate(decodeChunks([{ data: JSON.stringify(rawChunk({ content: 7 }, 'stop')) }]))
    expect(warnings).toMatchObject([{ code: 'text-not-text', event: 1, count: 1 }])
    expect((await accumulate(chunks)).warnings).toEqual([])
  })

  it.each([null, undefined, 'text', 7, {}, new Date(0)])('refuses %s, which holds no chunks', async (value) => {
    await expect(accumulate(value as never)).rejects.toThrow(TypeError)
    await expect(accumulate(value as never)).rejects.toThrow('accumulate(readChunks(response))')
  })
})

describe('an accumulator', () => {
  it('has nothing before the first chunk, and no completion before the first choice', () => {
    const accumulator = createAccumulator()
    expect([accumulator.sum, accumulator.snapshot(), accumulator.completion()]).toEqual([undefined, undefined, null])
    accumulator.push({ ...chunkOf({}), choices: [] })
    expect(accumulator.completion()).toBeNull()
    expect(accumulator.snapshot()).toEqual({ ...chunkOf({}), choices: [] })
  })

  it('tells at any time how far the answer is', () => {
    const accumulator = createAccumulator()
    const seen = chunks.map((chunk) => {
      accumulator.push(chunk)
      const [choice] = accumulator.completion()?.choices ?? []
      return [choice?.message.content, choice?.finish_reason]
    })
    expect(seen).toEqual([
      ['Hel', null],
      ['Hello', 'stop'],
    ])
  })
})
