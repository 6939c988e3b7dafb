// For applications.
export { connectRelay } from './connect-relay.ts'
export type { Relay } from './connect-relay.ts'
export type { RelayStream } from './relay-stream.ts'
export type { RelayOptions, RelayState, Sign, StartOptions, SubscribeOptions } from './options.ts'
export type { RelayUpdate } from './relay-reader.ts'
export type { TopicStream } from './topic.ts'
export { RelayError } from './relay-error.ts'
export type { RelayErrorCode, RelayErrorDetails } from './relay-error.ts'

// For adapters.
export { formatPosition, parsePosition } from '../protocol/position.ts'
export type { Position } from '../protocol/position.ts'
export { REFUSAL_STATUS } from '../protocol/refusal-status.ts'
export type { Beginning } from '../protocol/receive.ts'
export type { Address, OpenSocket } from './options.ts'
export type { Clock } from './clock.ts'
export type { RelaySocket, RelaySocketEvent } from './link.ts'
export type { EventFrame, OrphanPolicy, Status, WireChunk, WireError } from '../protocol/frame.ts'
