export { describeChunkSource } from './describe-chunk-source.ts'
export type { ContractChunk, OpenSource } from './describe-chunk-source.ts'
export { describeRecordings } from './describe-recordings.ts'
export { describeWithProgram } from './describe-with-program.ts'
