import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as core from '../src/index.ts'
import * as catalogue from '../src/normalize/catalogue.ts'

/** The surface is small and deliberate: a name that is added or taken away is added or taken away here too. */
const values = [
  'DEFAULT_LIMITS',
  'StreamError',
  'accumulate',
  'createAccumulator',
  'createByteDecoder',
  'createDecoder',
  'createFanOut',
  'createFramer',
  'createJsonReader',
  'createNormalizer',
  'decodeChunks',
  'encodeChunk',
  'encodeComment',
  'encodeDone',
  'encodeError',
  'isStreamError',
  'limitExceeded',
  'mergeChunk',
  'readParts',
  'reasoningOf',
  'splitCompletion',
  'textOf',
  'toChatCompletion',
  'toStreamResponse',
  'toolCallsOf',
]

const types = [
  'Accumulated',
  'Accumulator',
  'AnyStreamError',
  'ByteDecoder',
  'BytePlatform',
  'ChunkStream',
  'CreateChatCompletionDeltaResponse',
  'CreateChatCompletionStreamResponse',
  'CreateCompletionResponseUsage',
  'CreateCompletionStreamResponseUsage',
  'CreateSseParser',
  'CutBy',
  'DecodeOptions',
  'Decoded',
  'Decoder',
  'FanOut',
  'Folded',
  'JsonReader',
  'JsonReaderError',
  'JsonReaderOptions',
  'LimitName',
  'Limits',
  'NormalizeOptions',
  'Normalizer',
  'ParsedToolCall',
  'Part',
  'Readable',
  'Role',
  'SplitOptions',
  'StreamErrorCode',
  'StreamErrorDetails',
  'StreamEvent',
  'TextSink',
  'UpstreamError',
  'Warning',
]

const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8')

it('exports these values', () => {
  expect(Object.keys(core).toSorted()).toEqual(values)
})

it('exports these types', () => {
  const named = [...index.matchAll(/^export type \{([^}]*)\}/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? [])
  expect(named.toSorted()).toEqual(types)
})

it('exports all names only of the files of the wire', () => {
  const whole = [...index.matchAll(/^export (type )?\* from '(.*)'/gm)].map(([, type, file]) => `${type}${file}`)
  expect(whole.toSorted()).toEqual(['type ./chunk.ts', 'type ./completion.ts', 'type ./request.ts'])
})

it('has a second entry, which exports the catalogue of repairs', () => {
  expect(Object.keys(catalogue)).toEqual(['repairs'])
})
