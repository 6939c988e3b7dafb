import type { StreamErrorCode } from '@deltawire/core'
import type { ChatRequest, ChunkEvent, Connection, StreamRef } from '../transport/transport.ts'

/** What a tab asks the leader for. `id` names the request, and the stream that it opens. */
export type TabRequest =
  | { readonly t: 'leave'; readonly id: string }
  | { readonly t: 'resume'; readonly id: string; readonly ref: StreamRef }
  | { readonly t: 'send'; readonly id: string; readonly request: ChatRequest; readonly key: string }
  | { readonly t: 'stop'; readonly id: string; readonly ref: StreamRef }

/** What the leader tells the tab that asked. */
export type TabReply =
  /** What a transport that keeps at it by itself says of its connection. */
  | { readonly t: 'connection'; readonly id: string; readonly connection: Connection }
  | { readonly t: 'end'; readonly id: string; readonly error?: TabError }
  | { readonly t: 'events'; readonly id: string; readonly events: readonly ChunkEvent[] }
  | { readonly t: 'failed'; readonly id: string; readonly error: TabError }
  /** `streamId: null`: there is no such stream. */
  | { readonly t: 'opened'; readonly id: string; readonly streamId?: string | null | undefined }
  | { readonly t: 'stopped'; readonly id: string; readonly stopped: boolean }

/** Said to all. `who`: a tab has come. `leader`: there is one. */
export type TabNews = { readonly t: 'leader'; readonly leader: string } | { readonly t: 'who' }

/** `to`: the leader that is meant. Whoever leads after it does nothing, because the tab will hear of that and ask again. */
export type SentRequest = TabRequest & { readonly to: string | undefined }

export type TabMessage = TabNews | TabReply | SentRequest

/** A `StreamError` on its way to another tab: a clone of an error has no fields of its own. */
export interface TabError {
  readonly code: StreamErrorCode | undefined
  readonly message: string
  readonly details: unknown
}
