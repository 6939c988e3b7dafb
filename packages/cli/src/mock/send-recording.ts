import type { ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { ChatRequest } from './chat-request.ts'
import { createBody, type Body } from './create-body.ts'
import type { Fault } from './fault.ts'
import { createPauses, type Pace } from './pace.ts'
import type { Recording } from './recording.ts'
import { stepsOf } from './steps.ts'

/** What became of one answer. */
export interface Sent {
  readonly status: number
  readonly events: number
  /** The client left before the end. */
  readonly isAborted: boolean
}

export interface Sending {
  readonly pace: Pace
  readonly clock: Clock
  readonly faults: readonly Fault[]
}

/** Sends a recording as a stream or as a completion, and breaks where it was broken or where a fault says so. */
export async function sendRecording(
  response: ServerResponse,
  recording: Recording,
  request: ChatRequest,
  sending: Sending,
): Promise<Sent> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const refusal = sending.faults.find(({ kind }) => kind === 'status')
  if (refusal !== undefined) return refuse(response, refusal)
  if (sending.faults.some(({ kind, at }) => kind === 'close-rst' && at === undefined)) {
    response.socket?.resetAndDestroy()
    return { status: 0, events: 0, isAborted: false }
  }
  const { failure } = recording
  // A server that fails before its first event, or has no stream to fail in, says so with the status.
  if (failure !== undefined && (!request.isStreamed || recording.events.length === 0)) {
    sendJson(response, failure.status, failure.body)
    return { status: failure.status, events: 0, isAborted: false }
  }
  return request.isStreamed
    ? sendEvents(response, recording, request.includesUsage, sending, gone.signal)
    : sendCompletion(response, recording, sending, gone.signal)
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = JSON.stringify(body)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  response.end(text)
}

function refuse(response: ServerResponse, { value, headers }: Fault): Sent {
  const status = Number(value)
  for (const [name, text] of Object.entries(headers)) response.setHeader(name, text)
  const type = status === 429 ? 'rate_limit_exceeded' : status < 500 ? 'invalid_request_error' : 'server_error'
  sendJson(response, status, {
    error: { message: `This server was told to answer with ${status}.`, type, param: null, code: type },
  })
  return { status, events: 0, isAborted: false }
}

async function sendEvents(
  response: ServerResponse,
  { events, isCut }: Recording,
  includesUsage: boolean,
  { pace, clock, faults }: Sending,
  gone: AbortSignal,
): Promise<Sent> {
  const isZipped = faults.some(({ kind }) => kind === 'gzip')
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    // nginx collects a response before it passes it on, unless told so.
    'x-accel-buffering': 'no',
    ...(isZipped && { 'content-encoding': 'gzip' }),
  })
  response.flushHeaders()
  const body = await createBody(response, isZipped, gone)
  const wait = createWaiting(clock, gone)
  const pauseFor = createPauses(pace)
  let sent = 0
  for (const step of stepsOf(events, isCut, faults)) {
    if (step.do === 'break') return breakOff(response, body, step.how, sent)
    if (step.do === 'pause') {
      await wait(step.ms)
    } else {
      if (step.event.isUsage && !includesUsage) continue
      if (step.isFirstPiece) await wait(pauseFor(step.event))
      // So that both halves of what was split are read by themselves.
      else await new Promise((resolve) => setImmediate(resolve))
      if (!gone.aborted) {
        if (step.isFirstPiece) sent += 1
        await body.write(step.event.bytes)
      }
    }
    if (gone.aborted) return { status: 200, events: sent, isAborted: true }
  }
  body.end()
  return { status: 200, events: sent, isAborted: false }
}

/** Waits until each step is due. Counted from the beginning: a timer that is late once is not late for all. */
function createWaiting({ now, sleep }: Clock, gone: AbortSignal): (ms: number) => Promise<void> {
  let due = now()
  return async (ms) => {
    if (ms === 0 || gone.aborted) return
    if (ms === Infinity) return sleep(2 ** 31 - 1, gone)
    due = Math.max(due, now() - 1000) + ms
    const left = due - now()
    if (left > 0) await sleep(left, gone)
  }
}

async function breakOff(response: ServerResponse, body: Body, how: 'cut' | 'reset', events: number): Promise<Sent> {
  await body.flush()
  if (how === 'reset') response.socket?.resetAndDestroy()
  response.destroy()
  return { status: 200, events, isAborted: false }
}

async function sendCompletion(
  response: ServerResponse,
  { completion, isCut }: Recording,
  { pace, clock, faults }: Sending,
  gone: AbortSignal,
): Promise<Sent> {
  if (pace.firstChunkMs > 0) await clock.sleep(pace.firstChunkMs, gone)
  if (gone.aborted) return { status: 200, events: 0, isAborted: true }
  const hasUsage = !faults.some(({ kind }) => kind === 'no-usage')
  const { usage: _, ...without } = completion ?? {}
  const body = hasUsage ? completion : without
  const isBroken = isCut || faults.some(({ kind }) => kind === 'cut' || kind === 'close-rst')
  if (!isBroken) {
    sendJson(response, 200, body)
    return { status: 200, events: 0, isAborted: false }
  }
  const text = JSON.stringify(body)
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
  await new Promise<void>((resolve) => response.write(text.slice(0, text.length / 2), () => resolve()))
  response.destroy()
  return { status: 200, events: 0, isAborted: false }
}
