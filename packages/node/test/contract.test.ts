import { isStreamError } from '@deltawire/core'
import { bytesOf, cutAt, iterableOf, responseOf, streamOf } from '@deltawire/testkit'
import { describeChunkSource } from '@deltawire/testkit/describe'
import { expect, it } from 'vitest'
import { readChunks } from '../src/index.ts'

describeChunkSource('an async iterable', (pieces, delivery) => readChunks(iterableOf(pieces, delivery)))
describeChunkSource('a ReadableStream', (pieces, delivery) => readChunks(streamOf(pieces, delivery)))
describeChunkSource('a Response', (pieces, delivery) => readChunks(responseOf(pieces, {}, delivery)))

it('gives what came before an event that is too long, wherever the bytes are cut', async () => {
  const short = 'data: {"choices":[{"index":0,"delta":{"content":"short"}}]}\n\n'
  const long = `data: {"choices":[{"index":0,"delta":{"content":"${'long '.repeat(100)}`
  const bytes = bytesOf(short + long)
  for (const at of bytes.keys()) {
    const given: unknown[] = []
    const reading = async () => {
      for await (const { choices } of readChunks(iterableOf(cutAt(bytes, [at])), { maxEventLength: 200 }))
        given.push(choices[0]?.delta.content)
    }
    await expect(reading()).rejects.toSatisfy((error) => isStreamError(error) && error.code === 'limit_exceeded')
    expect(given, `cut at byte ${at}`).toEqual(['short'])
  }
})
