// For applications.
export { createRelay } from './relay.ts'
export type { DrainOptions, Relay, RelayOptions } from './relay.ts'
export type { RelayStats } from './relay-stats.ts'
export type { EndedStream, Open, OpenContext, Resume, ResumeContext } from './hub/productions.ts'
export type { Source } from './hub/producer.ts'
export { ownersOnly } from './hub/principal.ts'
export type { AboutStream, Action, Authenticate, Authorize, Credentials, Principal } from './hub/principal.ts'
export type { RelayLimits } from './hub/limits.ts'
export type { OriginOptions } from './door/origins.ts'
export type { Ticket } from './door/tickets.ts'
export type { AttachOptions, UpgradingServer } from './websocket/attach.ts'
export { Refusal } from './refusal.ts'
export { createMemoryEngine } from './memory/memory-engine.ts'
export type { MemoryEngine, MemoryEngineOptions } from './memory/memory-engine.ts'

// For engines and doors of one's own.
export type {
  Addition,
  Appended,
  Attachment,
  Created,
  Engine,
  EngineEvent,
  Flags,
  Following,
  Lease,
  NewStream,
  Retention,
  Snapshot,
  StreamEnd,
  StreamState,
  StreamSummary,
} from './engine.ts'
export { DEFAULT_RETENTION } from './engine.ts'
export type { Hub } from './hub/hub.ts'
export type { StartOrder, Started } from './hub/start.ts'
export type { LocalStream, LocalStreams, Reader } from './hub/local-streams.ts'
export type { Cursor } from './stream/cursor.ts'
export type { SharedFrame } from './stream/shared-frame.ts'
export { systemClock } from './clock.ts'
export type { Clock, Timer } from './clock.ts'

// The protocol, for implementations in other places.
export { checksum, canonicalJson } from './protocol/checksum.ts'
export { afterClose, CLOSE_CODES } from './protocol/close-code.ts'
export type { AfterClose, CloseReason } from './protocol/close-code.ts'
export { BadFrame, decodeClientFrame, decodeServerFrame } from './protocol/decode-frame.ts'
export { encodeFrame, SUBPROTOCOL } from './protocol/frame.ts'
export type * from './protocol/frame.ts'
export { formatPosition, isPrefix, parsePosition } from './protocol/position.ts'
export type { Fork, Lineage, Position } from './protocol/position.ts'
export { createReceiver } from './protocol/receive.ts'
export type { Received, Receiver } from './protocol/receive.ts'
export { restoreChunk, toWireChunk } from './protocol/wire-chunk.ts'
