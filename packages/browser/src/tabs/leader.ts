import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import { connectionLost } from '../follow/connection-lost.ts'
import type { Environment } from '../follow/environment.ts'
import { eventsIn } from '../transport/events-in.ts'
import type { ChatTransport, ChunkEvent, OpenInit, OpenStream } from '../transport/transport.ts'
import { packError } from './tab-error.ts'
import type { TabReply, TabRequest } from './tab-message.ts'

/** The tab that has the connections: answers what tabs ask, itself included. */
export interface Leader {
  handle(request: TabRequest): void
  /** Leaves every stream. */
  resign(): void
}

/** A stream that tabs read, over one connection. */
interface Shared {
  readonly controller: AbortController
  /** The requests of those who read. */
  readonly readers: Set<string>
  /** The server has answered, and the readers were told. */
  isOpen: boolean
  sum: ChatCompletionChunk | undefined
  lastId: string | undefined
  pending: ChunkEvent[]
}

export function createLeader(
  transport: ChatTransport,
  reply: (message: TabReply) => void,
  environment: Environment,
): Leader {
  const byStream = new Map<string, Shared>()
  const byReader = new Map<string, Shared>()

  /** @param known the stream's name, where it has one already: whoever else asks for it meanwhile waits for the same answer */
  async function open(id: string, ask: (init: OpenInit) => Promise<OpenStream | null>, known?: string): Promise<void> {
    const shared: Shared = {
      controller: new AbortController(),
      readers: new Set([id]),
      isOpen: false,
      sum: undefined,
      lastId: undefined,
      pending: [],
    }
    byReader.set(id, shared)
    if (known !== undefined) byStream.set(known, shared)
    try {
      const opened = await ask({
        signal: shared.controller.signal,
        onConnection(connection) {
          for (const reader of shared.readers) reply({ t: 'connection', id: reader, connection })
        },
      })
      const streamId = opened === null ? null : opened.streamId
      if (typeof streamId === 'string') byStream.set(streamId, shared)
      shared.isOpen = true
      for (const reader of shared.readers) reply({ t: 'opened', id: reader, streamId })
      if (opened !== null) await read(opened, shared)
    } catch (reason) {
      for (const reader of shared.readers) reply({ t: 'failed', id: reader, error: packError(reason) })
    }
    for (const reader of shared.readers) byReader.delete(reader)
    shared.readers.clear()
    for (const [streamId, each] of byStream) if (each === shared) byStream.delete(streamId)
  }

  async function read({ events }: OpenStream, shared: Shared): Promise<void> {
    let end: Pick<TabReply & { t: 'end' }, 'error'> = {}
    try {
      for await (const given of events)
        for (const event of eventsIn(given)) {
          const { chunk, id, isWhole = false } = event
          shared.sum = mergeChunk(isWhole ? undefined : shared.sum, chunk)
          shared.lastId = id ?? shared.lastId
          // What comes in one go is one message: posting costs more than any chunk.
          if (shared.pending.push(event) === 1) void environment.yield().then(() => post(shared))
        }
    } catch (reason) {
      end = { error: packError(reason) }
    }
    post(shared)
    for (const id of shared.readers) reply({ t: 'end', id, ...end })
  }

  function post(shared: Shared): void {
    const events = shared.pending.splice(0)
    if (events.length > 0) for (const id of shared.readers) reply({ t: 'events', id, events })
  }

  /** Whoever comes later gets the sum so far, and then what everybody gets. */
  function join(id: string, streamId: string, shared: Shared): void {
    post(shared)
    shared.readers.add(id)
    byReader.set(id, shared)
    if (!shared.isOpen) return
    reply({ t: 'opened', id, streamId })
    const { sum: chunk, lastId } = shared
    if (chunk !== undefined) reply({ t: 'events', id, events: [{ chunk, id: lastId, isWhole: true }] })
  }

  function leave(id: string): void {
    const shared = byReader.get(id)
    byReader.delete(id)
    shared?.readers.delete(id)
    if (shared?.readers.size === 0) shared.controller.abort(new DOMException('No tab reads it', 'AbortError'))
  }

  async function stop(id: string, streamId: string): Promise<void> {
    try {
      reply({ t: 'stopped', id, stopped: (await transport.stop?.({ streamId }))?.stopped ?? false })
    } catch (reason) {
      reply({ t: 'failed', id, error: packError(reason) })
    }
  }

  return {
    handle(message) {
      const { id } = message
      switch (message.t) {
        case 'send':
          return void open(id, (init) => transport.send(message.request, { ...init, key: message.key }))
        case 'resume': {
          const { streamId } = message.ref
          const shared = byStream.get(streamId)
          if (shared !== undefined && !shared.controller.signal.aborted) return join(id, streamId, shared)
          // From the beginning, because another tab may want all of it later.
          const ask = async (init: OpenInit) => (await transport.resume?.({ streamId }, init)) ?? null
          return void open(id, ask, streamId)
        }
        case 'stop':
          return void stop(id, message.ref.streamId)
        case 'leave':
          return leave(id)
        default:
          return message satisfies never
      }
    },
    resign() {
      // Whoever reads takes its stream up at the next leader: to them a connection was lost.
      const reason = connectionLost('the leading tab has gone')
      for (const shared of byReader.values()) shared.controller.abort(reason)
      byReader.clear()
      byStream.clear()
    },
  }
}
