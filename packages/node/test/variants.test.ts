import { accumulate, createAccumulator, decodeChunks, type Accumulated, type ChunkStream } from '@deltawire/core'
import { bytesOf, type Case, cases, cutEvery, iterableOf, variants } from '@deltawire/testkit'
import { describe, expect, it } from 'vitest'
import { readChunks, readEvents } from '../src/index.ts'
import { reportOf, reportWanted } from './case-report.ts'

type Sum = Omit<Accumulated, 'warnings'>
type Pieces = AsyncIterable<Uint8Array>

/** From the same bytes to the same answer. The last one reads every event with `JSON.parse` and knows no short cut. */
const ways: { way: string; read: (pieces: Pieces, options: Case['options']) => Promise<Sum> }[] = [
  { way: 'summed at once', read: (pieces, options) => accumulate(readChunks(pieces, options)) },
  { way: 'chunk by chunk', read: (pieces, options) => iterate(readChunks(pieces, options)) },
  { way: 'event by event', read: (pieces, options) => accumulate(decodeChunks(readEvents(pieces), options)) },
]

async function iterate(chunks: ChunkStream): Promise<Sum> {
  const accumulator = createAccumulator()
  let error: Error | null = null
  try {
    for await (const chunk of chunks) accumulator.push(chunk)
  } catch (reason) {
    error = reason as Error
  }
  return { completion: accumulator.completion(), complete: error === null, error }
}

describe.each(ways)('$way, whole and cut into 1 and 3 bytes, it is what was meant:', ({ read }) => {
  it.for(variants.map((example) => [`${example.name}: ${example.title}`, example] as const))(
    '%s',
    async ([, example]) => {
      const bytes = bytesOf(example.sse)
      for (const size of new Set([bytes.length, 1, 3, example.byte_splits ?? 1])) {
        const pieces = bytes.length === 0 ? [] : cutEvery(bytes, size)
        expect(reportOf(await read(iterableOf(pieces), example.options), example)).toEqual(reportWanted(example))
      }
    },
  )
})

it('there are several variants of every family, and no name twice', () => {
  const families = [...new Set(cases.map(({ category }) => category))]
  const counts = families.map((family) => variants.filter(({ category }) => category === family).length)
  expect(Math.min(...counts)).toBeGreaterThanOrEqual(10)
  expect(counts.reduce((sum, count) => sum + count)).toBe(variants.length)
  expect(variants.length).toBe(392)
  const names = [...cases, ...variants].map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
})

it('no variant leaves a trace on a prototype', async () => {
  const hostile = variants.filter(({ sse }) => sse.includes('polluted'))
  expect(hostile).not.toEqual([])
  for (const { sse, options } of hostile) {
    const { completion } = await accumulate(readChunks(iterableOf([bytesOf(sse)]), options))
    expect(JSON.stringify(completion)).not.toContain('polluted')
    expect('polluted' in {}).toBe(false)
  }
})
