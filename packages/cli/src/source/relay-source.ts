import { encodeChunk, encodeDone, encodeError } from '@deltawire/core'
import { RelayError, type RelayStream } from '@deltawire/websocket-bridge/client'
import { version } from '../../package.json'
import { quote } from '../arguments/parse-arguments.ts'
import { usageError } from '../arguments/usage-error.ts'
import type { Io } from '../io.ts'
import type { Capture } from '../recording/read-recording.ts'
import type { Read } from '../recording/recording.ts'
import { note, type Loudness } from '../report.ts'
import { openRelay, type OpenRelay } from '../tail/open-relay.ts'
import { isStreamId, readNamedAddress, type NamedAddress } from '../tail/relay-address.ts'
import { lostPart, relayFailure } from '../tail/relay-failure.ts'
import { topicStreams } from '../tail/topic-streams.ts'

/**
 * What opens a stream of a relay: that of the id at the end of the address, otherwise the next of that topic.
 *
 * @throws CliError when the address names neither
 */
export function openRelayed(text: string, loudness: Loudness, io: Io): () => Promise<Capture> {
  const address = readNamedAddress(text)
  if (address.name === '') {
    throw usageError(`${quote(text)} names no topic and no stream`, 'as in: ws://127.0.0.1:8790/TOPIC')
  }
  return async () => ({
    head: {
      v: 1,
      type: 'chat.recording',
      started: new Date(io.clock.date()).toISOString(),
      request: { method: 'GET', url: text, headers: {} },
      response: { status: 200, headers: { 'content-type': 'text/event-stream' }, t: 0 },
      tool: `deltawire ${version}`,
    },
    reads: readsOf(address, loudness, io),
  })
}

/** The events that an HTTP client would read: what there is as one chunk, then what follows, each when it has come. */
async function* readsOf(address: NamedAddress, loudness: Loudness, io: Io): AsyncGenerator<Read> {
  const startedAt = io.clock.now()
  const toRead = (event: string): Read => ({ atMs: io.clock.now() - startedAt, bytes: new TextEncoder().encode(event) })
  const open = openRelay(address, { ...loudness, 'token-cmd': undefined }, io)
  const stop = () => open.relay.close()
  io.signal.addEventListener('abort', stop, { once: true })
  let hasSome = false
  try {
    const stream = await streamOf(address, open, loudness, io)
    for await (const { chunk, replaces } of stream.updates()) {
      if (replaces) throw lostPart()
      hasSome = true
      yield toRead(encodeChunk(chunk))
    }
    if (stream.status === 'done') yield toRead(encodeDone())
    // It was cut, and says so by having no end.
    else await note(io, loudness, `the stream was ${stream.status ?? 'left'}`)
  } catch (reason) {
    if (io.signal.aborted) throw io.signal.reason
    if (!(reason instanceof RelayError) || reason.code !== 'failed') throw open.failure ?? relayFailure(reason, hasSome)
    yield toRead(encodeError(reason.details.error ?? reason))
  } finally {
    io.signal.removeEventListener('abort', stop)
    open.relay.close()
  }
}

async function streamOf(
  { name }: NamedAddress,
  { relay, opened }: OpenRelay,
  loudness: Loudness,
  io: Io,
): Promise<RelayStream> {
  if (isStreamId(name)) return relay.subscribe(name)
  if (io.stderr.isTTY) void opened.then(() => note(io, loudness, `waiting for a stream of ${name}`))
  for await (const { id } of topicStreams(relay, [name], undefined, io)) return relay.subscribe(id)
  throw new RelayError('closed', 'the connection was closed')
}
