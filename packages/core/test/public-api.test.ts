import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import * as bytes from '../src/bytes.ts'
import * as core from '../src/index.ts'
import * as catalogue from '../src/normalize/catalogue.ts'

/** The surface is small and deliberate: a name that is added or taken away is added or taken away here too. */
const values = [
  'DEFAULT_LIMITS',
  'StreamError',
  'accumulate',
  'createAccumulator',
  'createDecoder',
  'createFanOut',
  'createFramer',
  'createJsonReader',
  'createNormalizer',
  'decodeChunk',
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

const sourceOf = (file: string): string => readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8')

const typesOf = (source: string): string[] =>
  [...source.matchAll(/^export type \{([^}]*)\}/gm)].flatMap(([, names = '']) => names.match(/\w+/g) ?? []).toSorted()

it('exports these values', () => {
  expect(Object.keys(core).toSorted()).toEqual(values)
})

it('exports these types', () => {
  expect(typesOf(sourceOf('index.ts'))).toEqual(types)
})

it('exports all names only of the files of the wire', () => {
  const whole = [...sourceOf('index.ts').matchAll(/^export (type )?\* from '(.*)'/gm)].map(
    ([, type, file]) => `${type}${file}`,
  )
  expect(whole.toSorted()).toEqual(['type ./chunk.ts', 'type ./completion.ts', 'type ./request.ts'])
})

it('has an entry for adapters that have bytes', () => {
  expect(Object.keys(bytes)).toEqual(['createByteDecoder'])
  expect(typesOf(sourceOf('bytes.ts'))).toEqual(['ByteDecoder', 'BytePlatform'])
})

it('has an entry for the catalogue of repairs', () => {
  expect(Object.keys(catalogue)).toEqual(['repairs', 'explain'])
})

it('has these entries and no others', () => {
  const { exports } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    exports: object
  }
  expect(Object.keys(exports)).toEqual(['.', './bytes', './repairs', './package.json'])
})
