import { iterableOf, responseOf, streamOf } from '@deltawire/testkit'
import { describeChunkSource } from '@deltawire/testkit/describe'
import { readChunks } from '../src/index.ts'

describeChunkSource('an async iterable', (pieces, delivery) => readChunks(iterableOf(pieces, delivery)))
describeChunkSource('a ReadableStream', (pieces, delivery) => readChunks(streamOf(pieces, delivery)))
describeChunkSource('a Response', (pieces, delivery) => readChunks(responseOf(pieces, {}, delivery)))
