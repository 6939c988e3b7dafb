import { decodeClientFrame } from '../protocol/decode-frame.ts'
import type { ClientFrame } from '../protocol/frame.ts'
import { CheckFailure, demand } from './check-failure.ts'
import type { Transcript, TranscriptStep } from './transcripts.ts'

/** A socket of the client under test, seen from the server. */
export interface ClientConnection {
  /** The next text message; `undefined` once the client has gone. */
  next(): Promise<string | undefined>
  say(text: string): void
  /** 1006 loses the connection, any other code closes it. */
  close(code: number): void
}

/**
 * Plays the server of a transcript to a client, in whichever language.
 *
 * @param accept gives the next connection that the client opens
 * @throws CheckFailure (as a rejection) where the client does otherwise
 */
export async function playTranscript(transcript: Transcript, accept: () => Promise<ClientConnection>): Promise<void> {
  let connection: ClientConnection | undefined
  for (const step of transcript.steps) {
    if ('connects' in step) connection = await welcome(await accept())
    else if (connection !== undefined) await take(step, connection)
  }
}

async function welcome(connection: ClientConnection): Promise<ClientConnection> {
  const hello = await frameOf(connection)
  demand(hello.t === 'hello', `the first frame is "hello", not ${JSON.stringify(hello)}`)
  const limits = { maxFrameBytes: 262_144, maxSubscriptions: 128 }
  connection.say(JSON.stringify({ t: 'welcome', node: 'check', pingMs: 25_000, windowLength: 16_384, limits }))
  return connection
}

async function take(step: TranscriptStep, connection: ClientConnection): Promise<void> {
  if ('server' in step) connection.say(JSON.stringify(step.server))
  else if ('closes' in step) connection.close(step.closes)
  else if ('client' in step) {
    let said = await frameOf(connection)
    // A client may leave before it subscribes again; and it may, or may not, ask for an answer.
    while (said.t === 'ack' || said.t === 'ping' || said.t === 'unsub') said = await frameOf(connection)
    demand(matches(said, step.client), `the client says ${JSON.stringify(step.client)}, not ${JSON.stringify(said)}`)
    if ('id' in said && said.id !== undefined) connection.say(JSON.stringify({ t: 'ok', id: said.id, s: 'st_1' }))
  }
}

async function frameOf(connection: ClientConnection): Promise<ClientFrame> {
  const text = await connection.next()
  demand(text !== undefined, 'the client stays connected')
  try {
    const frame = decodeClientFrame(text)
    if (frame !== undefined) return frame
  } catch (reason) {
    throw new CheckFailure(`every frame is one: ${String(reason)} in ${text.slice(0, 200)}`)
  }
  return frameOf(connection)
}

function matches(frame: object, expected: { readonly [field: string]: unknown }): boolean {
  const fields = new Map(Object.entries(frame))
  return Object.entries(expected).every(
    ([field, value]) => JSON.stringify(fields.get(field) ?? null) === JSON.stringify(value),
  )
}
