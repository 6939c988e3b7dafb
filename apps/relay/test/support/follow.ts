import { type ChatCompletionChunk, mergeChunk } from '@deltawire/core'
import { readEvents } from '@deltawire/node'
import {
  createReceiver,
  decodeServerFrame,
  formatPosition,
  type Position,
  restoreChunk,
} from '@deltawire/websocket-bridge'
import { connectRelay, type Relay, RelayError } from '@deltawire/websocket-bridge/client'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { createReaderLog, type ReaderLog } from './judge.ts'

/** Somebody who follows a stream to its end. */
export interface Follower {
  readonly log: ReaderLog
  /** Resolves at the end of the stream. */
  readonly over: Promise<void>
  /** Resolves when it has come so far. */
  reached(offset: number): Promise<void>
  /** Breaks its connection. It comes back by itself. */
  cut(): void
  leave(): void
}

/** One that can stand still: its connection stays, and nothing is read. */
export interface SocketFollower extends Follower {
  pause(): void
  resume(): void
}

/** Gives the node to ask, one after the other: what a balancer does. */
export type NextNode = () => { readonly origin: string; readonly socketURL: string }

/** Lets others wait for how far a log has come. */
function createProgress(log: ReaderLog) {
  const waiting = new Set<() => void>()
  const tell = (): void => {
    for (const look of waiting) look()
  }
  const reached = (offset: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        const { position } = log.entries.at(-1) ?? {}
        if ((position?.o ?? 0) < offset && log.end === undefined) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { tell, reached }
}

/** How a stream ended for who cannot follow it any more. Why a connection is closed for good is told: nothing here should do that. */
function endOf(reason: unknown): string {
  if (!(reason instanceof RelayError)) return String(reason)
  return reason.code === 'closed' ? reason.message : reason.code
}

function finish(log: ReaderLog, how: string): void {
  log.end = how
  log.endedAt = performance.now()
}

/** Follows over a WebSocket, with the client that applications use. */
export function followSocket(id: string, reader: string, next: NextNode): SocketFollower {
  const log = createReaderLog(reader)
  const { tell, reached } = createProgress(log)
  const sockets = new Set<WebSocket>()
  class Wire extends WebSocket {
    constructor(url: string, protocol: string) {
      super(url, protocol)
      sockets.add(this)
      this.on('open', () => log.connectedAt.push(performance.now()))
      this.on('close', () => sockets.delete(this))
    }
  }
  const relay: Relay = connectRelay(() => next().socketURL, {
    WebSocket: Wire,
    onState: (state) => void log.states.push(`${new Date().toISOString().slice(14, 23)} ${state}`),
  })

  async function run(): Promise<void> {
    const stream = relay.subscribe(id)
    try {
      for await (const update of stream.updates()) {
        log.entries.push({ ...update, chunk: structuredClone(update.chunk), at: performance.now() })
        tell()
      }
      finish(log, stream.status ?? 'live')
    } catch (reason) {
      finish(log, endOf(reason))
    }
    relay.close()
    tell()
  }
  return {
    log,
    over: run(),
    reached,
    cut() {
      for (const socket of sockets) socket.terminate()
    },
    pause() {
      for (const socket of sockets) socket.pause()
    },
    resume() {
      for (const socket of sockets) socket.resume()
    },
    leave: () => relay.close(),
  }
}

/** Follows over server-sent events, as a browser's `EventSource` would: the last id again after each break. */
export function followEvents(id: string, reader: string, next: NextNode): Follower {
  const log = createReaderLog(reader)
  const { tell, reached } = createProgress(log)
  const left = new AbortController()
  let connection = new AbortController()
  const receiver = createReceiver()
  let sum: ChatCompletionChunk | undefined

  async function connect(): Promise<void> {
    connection = new AbortController()
    const headers: Record<string, string> = {}
    const { position } = receiver
    if (position !== undefined) headers['last-event-id'] = formatPosition(position)
    const response = await fetch(`${next().origin}/v1/streams/${id}/events`, { headers, signal: connection.signal })
    if (response.status === 404 || response.status === 410) return finish(log, 'gone')
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`)
    log.connectedAt.push(performance.now())
    for await (const { data } of readEvents(response.body)) take(data)
  }

  function take(data: string): void {
    const frame = decodeServerFrame(data)
    if (frame?.t !== 'd' && frame?.t !== 'end') return
    const had: Position | undefined = receiver.position
    const verdict = receiver.receive(frame)
    if (verdict === 'gap' || verdict === 'corrupt') throw new Error(verdict)
    if (frame.t === 'end') return finish(log, frame.st)
    if (verdict !== 'added' && verdict !== 'replaced') return
    let chunk: ChatCompletionChunk | undefined
    for (const wire of frame.c) chunk = mergeChunk(chunk, restoreChunk(structuredClone(wire), sum ?? wire))
    if (chunk === undefined) return
    const replaces = verdict === 'replaced' && had !== undefined
    sum = mergeChunk(replaces ? undefined : sum, structuredClone(chunk))
    log.entries.push({ chunk, replaces, position: { e: frame.e, o: frame.o }, at: performance.now() })
    tell()
  }

  async function run(): Promise<void> {
    while (log.end === undefined && !left.signal.aborted) {
      try {
        await connect()
      } catch {
        // A node that has gone, or a connection that was cut: the next one.
        await sleep(20, undefined, { signal: left.signal }).catch(() => {})
      }
    }
    tell()
  }
  return {
    log,
    over: run(),
    reached,
    cut: () => connection.abort(),
    leave() {
      left.abort()
      connection.abort()
    },
  }
}
