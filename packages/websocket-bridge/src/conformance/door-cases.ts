import { parsePosition } from '../protocol/position.ts'
import { decodeServerFrame } from '../protocol/decode-frame.ts'
import { SUBPROTOCOL } from '../protocol/frame.ts'
import { createReceiver, type Receiver } from '../protocol/receive.ts'
import { demand } from './check-failure.ts'

/** What a case about the doors of a relay may use. */
export interface DoorBench {
  /** Asks for `path`, which begins behind `/v1`. */
  ask(path: string, init?: DoorRequest): Promise<{ readonly response: Response; readonly text: string }>
  /** Asks for a socket, and gives the status of the answer: 101 if there is one. */
  upgrade(handshake: Handshake): Promise<number>
  /** A chat request that the relay answers with a few chunks, and soon. */
  readonly body: Readonly<Record<string, unknown>>
  /** A name that nobody else has. */
  fresh(): string
}

export interface DoorRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
}

/** How a socket is asked for. */
export interface Handshake {
  /** The subprotocols that are offered (`Sec-WebSocket-Protocol`). */
  readonly protocol?: string
  /** The page that asks (`Origin`). */
  readonly origin?: string
}

export interface DoorCase {
  readonly name: string
  /** Where `PROTOCOL.md` says it. */
  readonly section: string
  run(bench: DoorBench): Promise<void>
}

interface StreamEvent {
  readonly id: string
  readonly data: string
}

/** The events of a body that was read to its end. */
function eventsOf(text: string): StreamEvent[] {
  const fieldOf = (block: string, name: string) =>
    block
      .split('\n')
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ''))
      .join('\n')
  return text
    .replaceAll('\r\n', '\n')
    .split('\n\n')
    .map((block) => ({ id: fieldOf(block, 'id'), data: fieldOf(block, 'data') }))
    .filter(({ data }) => data !== '')
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // Said below.
  }
  const isObject = typeof value === 'object' && value !== null
  demand(isObject, `the answer is a JSON object, not ${text.slice(0, 200)}`)
  return value as Record<string, unknown>
}

async function begin({ ask, body }: DoorBench, key: string): Promise<Readonly<Record<string, unknown>>> {
  const { response, text } = await ask('/streams', { method: 'POST', json: { key, body } })
  demand(response.ok, `"POST /v1/streams" is answered with 2xx, not ${response.status} ${text.slice(0, 200)}`)
  return jsonOf(text)
}

/** Follows a stream from where this receiver is to its end. Gives the id of every event that moved it. */
async function followed({ ask }: DoorBench, id: unknown, receiver: Receiver, lastEventId?: string): Promise<string[]> {
  const headers = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const { response, text } = await ask(`/streams/${String(id)}/events`, { headers })
  demand(response.status === 200, `its events are answered with 200, not ${response.status}`)
  const ids: string[] = []
  for (const event of eventsOf(text)) {
    const frame = decodeServerFrame(event.data)
    if (frame?.t !== 'd' && frame?.t !== 'end') continue
    const verdict = receiver.receive(frame)
    demand(verdict !== 'gap' && verdict !== 'corrupt', `no event is a ${verdict}: ${event.data.slice(0, 200)}`)
    if (frame.t === 'end') continue
    demand(event.id === `${frame.e}.${frame.o}`, `the id of "d" is its position as "e.o", not ${event.id}`)
    ids.push(event.id)
  }
  demand(receiver.end !== undefined, 'the last event is "end"')
  return ids
}

async function demandError(answer: Promise<{ response: Response; text: string }>, codes: readonly string[]) {
  const { response, text } = await answer
  demand(response.status >= 400, `it is refused, not answered with ${response.status}`)
  const { error } = jsonOf(text) as { error?: { message?: unknown; code?: unknown } }
  demand(typeof error?.message === 'string', 'the error is { "error": { "message", … } }')
  demand(codes.includes(String(error.code)), `its code is ${codes.join(' or ')}, not ${String(error.code)}`)
}

const post = (json: unknown): DoorRequest => ({ method: 'POST', json })

/** What a client counts on before it has a socket, and without one. */
export const DOOR_CASES: readonly DoorCase[] = [
  {
    name: 'opens a socket that offers the subprotocol',
    section: '§2',
    async run({ upgrade }) {
      const status = await upgrade({ protocol: SUBPROTOCOL })
      demand(status === 101, `it is answered with 101, not ${status}`)
    },
  },
  ...[undefined, 'another.v1'].map((protocol): DoorCase => ({
    name: `refuses a socket that offers ${protocol === undefined ? 'no subprotocol' : 'only another one'}`,
    section: '§2',
    async run({ upgrade }) {
      const status = await upgrade(protocol === undefined ? {} : { protocol })
      demand(status === 400, `it is answered with 400, not ${status}`)
    },
  })),
  {
    name: 'refuses pages of another origin',
    section: '§2',
    async run({ upgrade }) {
      const status = await upgrade({ protocol: SUBPROTOCOL, origin: 'https://elsewhere.invalid' })
      demand(status === 403, `it is answered with 403, not ${status}, unless every page is allowed on purpose`)
    },
  },
  {
    name: 'answers any client of the chat-completion protocol, streamed',
    section: '§12',
    async run({ ask, body }) {
      const { response, text } = await ask('/chat/completions', post({ ...body, stream: true }))
      demand(response.status === 200, `it is answered with 200, not ${response.status}`)
      demand(response.headers.get('x-stream-id') !== null, 'the answer has an x-stream-id')
      const events = eventsOf(text)
      demand(events.length > 1 && events.at(-1)?.data === '[DONE]', 'the last event is [DONE]')
      const [first] = events
      const { object } = jsonOf(first?.data ?? '')
      demand(object === 'chat.completion.chunk', `the first event is a chat.completion.chunk, not ${String(object)}`)
    },
  },
  {
    name: 'answers any client of the chat-completion protocol, at once',
    section: '§12',
    async run({ ask, body }) {
      const { response, text } = await ask('/chat/completions', post({ ...body, stream: false }))
      demand(response.status === 200, `it is answered with 200, not ${response.status}`)
      const { object, choices } = jsonOf(text)
      demand(object === 'chat.completion', `the answer is a chat.completion, not ${String(object)}`)
      demand(Array.isArray(choices) && choices.length > 0, 'it has a choice')
    },
  },
  {
    name: 'begins one stream for one key over HTTP, and refuses the key with another body',
    section: '§3, §12',
    async run(bench) {
      const key = bench.fresh()
      const [first, again] = [await begin(bench, key), await begin(bench, key)]
      demand(typeof first['id'] === 'string' && first['id'] === again['id'], 'the same key and body give the same "id"')
      demand(first['fresh'] === true && again['fresh'] === false, '"fresh" is true once')
      const other = { key, body: { ...bench.body, user: 'somebody else' } }
      await demandError(bench.ask('/streams', post(other)), ['conflict'])
    },
  },
  {
    name: 'carries a stream as server-sent events: no gap, the checksum of the sum',
    section: '§12, §7',
    async run(bench) {
      const { id } = await begin(bench, bench.fresh())
      const receiver = createReceiver()
      const ids = await followed(bench, id, receiver)
      demand(ids.length > 0 && receiver.end?.st === 'done', 'there is data, and the stream ends with "done"')
    },
  },
  {
    name: 'goes on from a Last-Event-ID, and sends nothing that was there before',
    section: '§12, §5',
    async run(bench) {
      const { id } = await begin(bench, bench.fresh())
      const receiver = createReceiver()
      const lastId = (await followed(bench, id, receiver)).at(-1) ?? ''
      const position = parsePosition(lastId)
      demand(position !== undefined, `the id of an event is a position, not ${lastId}`)
      const resumed = createReceiver({ position, sum: receiver.sum })
      const more = await followed(bench, id, resumed, lastId)
      demand(more.length === 0, `who has everything gets the end alone, not also ${more.join(', ')}`)
      demand(resumed.end?.h === receiver.end?.h, 'both have the same checksum')
    },
  },
  {
    name: 'gives a stream that has ended as chunks, the sum first, then [DONE]',
    section: '§12',
    async run(bench) {
      const { id } = await begin(bench, bench.fresh())
      await followed(bench, id, createReceiver())
      const { text } = await bench.ask(`/streams/${String(id)}/events?format=openai`)
      const data = eventsOf(text).map((event) => event.data)
      demand(data.length === 2 && data[1] === '[DONE]', `one chunk and [DONE] come, not ${data.length} events`)
    },
  },
  {
    name: 'tells the state of a stream, and answers its cancel with how it ended',
    section: '§12, §11.6',
    async run(bench) {
      const { id } = await begin(bench, bench.fresh())
      await followed(bench, id, createReceiver())
      const state = jsonOf((await bench.ask(`/streams/${String(id)}`)).text)
      demand(state['id'] === id && state['status'] === 'done', 'the state has the "id", and "done" as "status"')
      demand(typeof state['completion'] === 'object', 'it has the "completion"')
      const { status } = jsonOf((await bench.ask(`/streams/${String(id)}/cancel`, { method: 'POST' })).text)
      demand(status === 'done', `a cancel that comes late is answered with "done", not ${String(status)}`)
    },
  },
  {
    name: 'refuses a stream that there is not with an error as OpenAI sends it',
    section: '§12, §10',
    run: ({ ask }) => demandError(ask('/streams/st_never-was'), ['not_found', 'gone', 'forbidden']),
  },
]
