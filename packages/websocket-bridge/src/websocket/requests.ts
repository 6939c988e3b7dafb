import type { StreamSummary } from '../engine.ts'
import { chatRequestOf } from '../door/chat-request.ts'
import type { Hub } from '../hub/hub.ts'
import type { Principal } from '../hub/principal.ts'
import type { ClientFrame, OkFrame } from '../protocol/frame.ts'
import { Refusal } from '../refusal.ts'
import type { RelaySocket } from './relay-socket.ts'

/** Frames that ask for something, one after the other. What is left is between a socket and its window. */
export type RequestFrame = Exclude<ClientFrame, { t: 'ack' | 'auth' | 'hello' | 'ping' }>

/** What a request is answered with, beside its id; and what follows the answer. */
interface Answer {
  readonly said: Omit<OkFrame, 'id' | 't'>
  readonly after?: () => void
}

type Handlers = {
  readonly [T in RequestFrame['t']]: (
    frame: Extract<RequestFrame, { t: T }>,
    principal: Principal,
    socket: RelaySocket,
    hub: Hub,
  ) => Answer | Promise<Answer>
}

const handlers: Handlers = {
  async start({ key, body, topic, orphan, sub = true }, principal, socket, hub) {
    if (sub) checkCount(socket)
    const { id, status, fresh } = await hub.start(principal, { key, request: chatRequestOf(body), topic, orphan })
    const stream = sub ? await hub.open(principal, id) : undefined
    return { said: { s: id, st: status, fresh }, after: () => stream && socket.follow(stream, undefined) }
  },
  async sub({ s, from }, principal, socket, hub) {
    if (!socket.follows(s)) checkCount(socket)
    const stream = await hub.open(principal, s)
    return { said: { s, st: stream.log.end?.st ?? 'live' }, after: () => socket.follow(stream, from) }
  },
  unsub({ s }, _principal, socket) {
    socket.unfollow(s)
    return { said: { s } }
  },
  async topic({ topic, auto = false }, principal, socket, hub) {
    await socket.followTopic(principal, topic, (stream) => announce(stream, topic, auto, principal, socket, hub))
    return { said: {} }
  },
  untopic({ topic }, _principal, socket) {
    socket.unfollowTopic(topic)
    return { said: {} }
  },
  async cancel({ s }, principal, _socket, hub) {
    return { said: { s, st: await hub.cancel(principal, s) } }
  },
  async tool({ s, call, output }, principal, _socket, hub) {
    return { said: { s, won: await hub.toolOutput(principal, s, call, output) } }
  },
}

/** Does what a frame asks for, and says so or why not. */
export async function answer(frame: RequestFrame, principal: Principal, socket: RelaySocket): Promise<void> {
  // The handler is the one for this frame, which TypeScript does not follow through the table.
  const handler = handlers[frame.t] as Handlers[never] as (
    ...all: [RequestFrame, Principal, RelaySocket, Hub]
  ) => Answer | Promise<Answer>
  const { said, after } = await handler(frame, principal, socket, socket.hub)
  if (socket.isClosed) return
  if (frame.id !== undefined) socket.send({ t: 'ok', id: frame.id, ...said })
  after?.()
}

function announce(
  { id, status }: StreamSummary,
  topic: string,
  auto: boolean,
  principal: Principal,
  socket: RelaySocket,
  hub: Hub,
): void {
  socket.send({ t: 'stream', topic, s: id, st: status })
  if (!auto || status !== 'live' || !socket.expect(id)) return
  void hub.open(principal, id).then(
    (stream) => socket.meet(id, stream),
    // It has ended and gone between the announcement and the look.
    () => socket.meet(id, undefined),
  )
}

function checkCount(socket: RelaySocket): void {
  const { maxSubscriptions } = socket.hub.limits
  if (socket.subscriptionCount < maxSubscriptions) return
  throw new Refusal('too_many', `No more than ${maxSubscriptions} subscriptions on one socket (maxSubscriptions).`)
}
