import type { ChatCompletionChunk, ChatCompletionRequest } from '@deltawire/core'

/** How a stream is connected. `following`: another tab leads. */
export type Connection = 'connecting' | 'following' | 'idle' | 'offline' | 'open' | 'reconnecting'

/** What is asked: the body of `POST /chat/completions`, with whatever else the own backend understands. */
export type ChatRequest = Pick<ChatCompletionRequest, 'messages'> &
  Partial<Omit<ChatCompletionRequest, 'messages'>> & { readonly [extra: string]: unknown }

/** Names a stream that a server keeps, and how far it has been read. */
export interface StreamRef {
  /** The server's name for it. */
  readonly streamId: string
  /** Of the last event that arrived. Without it the stream is read from its beginning. */
  readonly lastEventId?: string | undefined
}

/** One chunk as it arrived. */
export interface ChunkEvent {
  /** Normalized, so that it can be merged. */
  readonly chunk: ChatCompletionChunk
  /** What the server calls this place of the stream. */
  readonly id?: string | undefined
  /** The chunk is the sum of everything so far: it takes the place of what came before. */
  readonly isWhole?: boolean | undefined
}

/** A stream that has begun. */
export interface OpenStream {
  /** The server keeps the stream under this name. `undefined`: it is gone with the connection. */
  readonly streamId?: string | undefined
  /**
   * Ends where the answer ends, and throws where it breaks. Leaving the loop leaves the stream.
   *
   * Events that came at once may be given at once: a step of the loop costs more than most chunks do.
   */
  readonly events: AsyncIterable<ChunkEvent | readonly ChunkEvent[]>
}

/** What a transport is handed to open a stream. */
export interface OpenInit {
  /** Leaves the stream. On a server that keeps streams, that stops nothing. */
  readonly signal: AbortSignal
  /** For transports that keep at it by themselves: what their connection is doing. */
  readonly onConnection?: ((connection: Connection) => void) | undefined
}

/** What a transport is handed to begin an answer. */
export interface SendInit extends OpenInit {
  /** The same for every attempt: a server that has seen it gives the stream it has begun. */
  readonly key: string
}

/**
 * The way to a model: four verbs, one connection each. Keeping at it when a connection breaks is not its business.
 *
 * Whoever implements one throws `StreamError`s for what the network and servers do, and passes the signal's reason on.
 */
export interface ChatTransport {
  /** Begins an answer. */
  send(request: ChatRequest, init: SendInit): Promise<OpenStream>
  /** Takes a stream up again. `null`: the server does not have it. Absent: streams can't be taken up. */
  resume?(ref: StreamRef, init: OpenInit): Promise<OpenStream | null>
  /** Stops the model. May be called for a stream that has ended. Absent: leaving stops it. */
  stop?(ref: StreamRef): Promise<{ stopped: boolean }>
  /** Whether the server keeps streams. `undefined` before it is known. */
  readonly isResumable?: boolean | undefined
  /** Gives up sockets and listeners. */
  close?(): void
}
