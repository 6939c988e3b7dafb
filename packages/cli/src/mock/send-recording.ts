import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ChatRequest } from './chat-request.ts'
import type { Recording } from './recording.ts'

/** When the events of a stream are sent. */
export interface Pace {
  /** Before the first event. */
  readonly firstChunkMs: number
  /** Between two events. */
  readonly chunkMs: number
}

/** What became of one answer. */
export interface Sent {
  readonly status: number
  readonly events: number
  /** The client left before the end. */
  readonly isAborted: boolean
}

/** Sends a recording as a stream or as a completion, and breaks where it was broken. */
export async function sendRecording(
  response: ServerResponse,
  recording: Recording,
  request: ChatRequest,
  pace: Pace,
  sleep: Clock['sleep'],
): Promise<Sent> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { failure } = recording
  // A server that fails before its first event, or has no stream to fail in, says so with the status.
  if (failure !== undefined && (!request.isStreamed || recording.events.length === 0)) {
    sendJson(response, failure.status, failure.body)
    return { status: failure.status, events: 0, isAborted: false }
  }
  return request.isStreamed
    ? sendEvents(response, recording, request.includesUsage, pace, sleep, gone.signal)
    : sendCompletion(response, recording, pace, sleep, gone.signal)
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

async function sendEvents(
  response: ServerResponse,
  { events, isCut }: Recording,
  includesUsage: boolean,
  { firstChunkMs, chunkMs }: Pace,
  sleep: Clock['sleep'],
  gone: AbortSignal,
): Promise<Sent> {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx collects a response before it passes it on, unless told so.
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  let sent = 0
  let pauseMs = firstChunkMs
  for (const event of events) {
    if (event.isUsage && !includesUsage) continue
    if (pauseMs > 0) await sleep(pauseMs, gone)
    pauseMs = chunkMs
    if (gone.aborted) break
    // A client that reads slowly is waited for: nothing piles up here.
    if (!response.write(event.bytes)) await drained(response, gone)
    sent += 1
  }
  const isAborted = gone.aborted
  if (!isAborted) await end(response, isCut)
  return { status: 200, events: sent, isAborted }
}

async function sendCompletion(
  response: ServerResponse,
  { completion, isCut }: Recording,
  { firstChunkMs }: Pace,
  sleep: Clock['sleep'],
  gone: AbortSignal,
): Promise<Sent> {
  if (firstChunkMs > 0) await sleep(firstChunkMs, gone)
  if (gone.aborted) return { status: 200, events: 0, isAborted: true }
  const text = JSON.stringify(completion)
  if (isCut) {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
    response.write(text.slice(0, text.length / 2))
    await end(response, true)
  } else {
    sendJson(response, 200, completion)
  }
  return { status: 200, events: 0, isAborted: false }
}

/** Ends the response, or breaks the connection once everything before has left. */
async function end(response: ServerResponse, isCut: boolean): Promise<void> {
  if (!isCut) {
    response.end()
    return
  }
  await new Promise<void>((resolve) => {
    response.write('', () => resolve())
  })
  response.destroy()
}

/** Resolves when the client has taken what was written, or has gone. */
async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  await once(response, 'drain', { signal: gone }).catch(() => {})
}
