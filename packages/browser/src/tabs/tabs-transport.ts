import { connectionLost } from '../follow/connection-lost.ts'
import { type Environment, page } from '../follow/environment.ts'
import { onAbort } from '../follow/on-abort.ts'
import { randomId } from '../follow/random-id.ts'
import type { ChatTransport, ChunkEvent, Connection, OpenInit, OpenStream } from '../transport/transport.ts'
import { createLeader, type Leader } from './leader.ts'
import { unpackError } from './tab-error.ts'
import type { SentRequest, TabMessage, TabReply, TabRequest } from './tab-message.ts'

/** Which tabs share their connections. */
export interface TabsTransportOptions {
  /**
   * Tabs with the same name share their connections. It is part of who the user is: two users have two names.
   *
   * @defaultValue `'deltawire'`
   */
  name?: string | undefined
  /**
   * What the tab knows of the page, of time and of chance. For tests: `createManualEnvironment`.
   *
   * @defaultValue the page
   */
  environment?: Environment | undefined
}

/** A stream of ours, at the leader. */
interface Open {
  readonly events: ChunkEvent[]
  settle: (streamId: string | null | undefined) => void
  fail: (reason: Error) => void
  wake: () => void
  readonly tell: (connection: Connection) => void
  end: { error?: Error } | undefined
}

/**
 * One connection for all tabs of a browser: one leads, the others follow.
 *
 * A browser opens six connections to a server of HTTP/1.1, and the seventh tab waits for ever. The leader holds a lock of
 * the browser; when its tab is closed, frozen or crashes, the lock goes to another, which takes the streams up. Where a
 * browser has no such locks, each tab has its own connection.
 */
export function tabsTransport(
  inner: ChatTransport,
  { name = 'deltawire', environment = page }: TabsTransportOptions = {},
): ChatTransport {
  const { locks } = navigator as Partial<Navigator>
  if (locks === undefined || typeof BroadcastChannel === 'undefined') return inner

  const me = randomId()
  const channel = new BroadcastChannel(name)
  const opens = new Map<string, Open>()
  const stops = new Map<string, { ask: () => void; settle: (reply: TabReply) => void }>()
  let leading: { leader: Leader; resign: () => void } | undefined
  let leaderName: string | undefined
  let know = (): void => {}
  /** Resolves when it is known who leads. */
  let known = new Promise<void>((resolve) => (know = resolve))
  let isClosed = false
  let isResumable = inner.isResumable
  let waitingForLock: AbortController | undefined
  const listening = new AbortController()

  const tell = (message: TabMessage): void => {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel is of one origin
    if (!isClosed) channel.postMessage(message)
  }

  channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => {
    if (data.t === 'who') {
      if (leading !== undefined) tell({ t: 'leader', leader: me })
    } else if (data.t === 'leader') follow(data.leader)
    else if (isRequest(data)) {
      if (data.to === me) leading?.leader.handle(data)
    } else take(data)
  })

  function take(reply: TabReply): void {
    stops.get(reply.id)?.settle(reply)
    const open = opens.get(reply.id)
    if (open === undefined) return
    if (reply.t === 'opened') open.settle(reply.streamId)
    else if (reply.t === 'failed') open.fail(unpackError(reply.error))
    else if (reply.t === 'connection') open.tell(reply.connection)
    else if (reply.t === 'events') open.events.push(...reply.events)
    else if (reply.t === 'end') open.end = reply.error === undefined ? {} : { error: unpackError(reply.error) }
    open.wake()
  }

  /** What the leader sent is not to be had any more: whoever reads, or waits to, takes its stream up. */
  function lose(): void {
    for (const open of opens.values()) {
      const error = connectionLost('the leading tab has gone')
      open.end ??= { error }
      open.fail(error)
      open.wake()
    }
  }

  /** A new leader knows nothing of what the old one did. */
  function follow(leader: string): void {
    if (leader === leaderName) return
    if (leaderName !== undefined) lose()
    leaderName = leader
    know()
    // What the old one did not answer it may not have done.
    for (const stop of stops.values()) stop.ask()
  }

  function lead(): void {
    if (isClosed || waitingForLock !== undefined) return
    const waiting = (waitingForLock = new AbortController())
    locks
      ?.request(`${name} leader`, { signal: waiting.signal }, () => {
        if (isClosed) return undefined
        return new Promise<void>((resolve) => {
          begin((reply) => {
            tell(reply)
            take(reply)
          }, resolve)
          tell({ t: 'leader', leader: me })
        })
      })
      // Where a page may have no locks, it leads itself alone.
      .catch(() => waiting.signal.aborted || begin(take))
  }

  function begin(reply: (message: TabReply) => void, unlock = () => {}): void {
    leading = { leader: createLeader(inner, reply, environment), resign: unlock }
    follow(me)
  }

  /** A frozen page would hold its lock, and it hears nothing: what it reads, it takes up when it is back. */
  function resign(): void {
    // As long as somebody hears it: nobody else may read these streams.
    for (const id of opens.keys()) ask({ t: 'leave', id })
    waitingForLock?.abort()
    waitingForLock = undefined
    // Before anything fails: whoever then asks again waits for the next leader.
    if (leaderName !== undefined) known = new Promise((resolve) => (know = resolve))
    leaderName = undefined
    const { leader, resign: unlock } = leading ?? {}
    leading = undefined
    leader?.resign()
    unlock?.()
    lose()
  }

  function comeBack(): void {
    tell({ t: 'who' })
    lead()
  }

  function ask(request: TabRequest): void {
    if (leading !== undefined) leading.leader.handle(request)
    else tell({ ...request, to: leaderName })
  }

  async function openStream(
    request: TabRequest & { id: string },
    { signal, onConnection }: OpenInit,
  ): Promise<OpenStream | null> {
    await known
    const { id } = request
    const tellConnection = (connection: Connection): void =>
      onConnection?.(leading === undefined && connection === 'open' ? 'following' : connection)
    const streamId = await new Promise<string | null | undefined>((settle, fail) => {
      opens.set(id, { events: [], settle, fail, wake: () => {}, tell: tellConnection, end: undefined })
      onAbort(signal, () => fail(signal.reason as Error))
      if (!signal.aborted) ask(request)
    }).catch((reason: unknown) => {
      leave(id)
      throw reason
    })
    if (streamId === null) {
      opens.delete(id)
      return null
    }
    isResumable ??= streamId !== undefined
    return { streamId, events: read(id, signal) }
  }

  async function* read(id: string, signal: AbortSignal): AsyncGenerator<ChunkEvent> {
    const own = opens.get(id)
    if (own === undefined) return
    own.tell('open')
    const unlink = onAbort(signal, () => own.wake())
    try {
      for (;;) {
        signal.throwIfAborted()
        yield* own.events.splice(0)
        if (own.events.length > 0) continue
        if (own.end?.error !== undefined) throw own.end.error
        if (own.end !== undefined) return
        await new Promise<void>((resolve) => (own.wake = resolve))
      }
    } finally {
      unlink()
      leave(id)
    }
  }

  function leave(id: string): void {
    if (opens.delete(id)) ask({ t: 'leave', id })
  }

  window.addEventListener('pagehide', resign, listening)
  document.addEventListener('freeze', resign, listening)
  window.addEventListener('pageshow', comeBack, listening)
  document.addEventListener('resume', comeBack, listening)
  comeBack()

  const transport: ChatTransport = {
    get isResumable() {
      return isResumable ?? inner.isResumable
    },
    async send(request, init) {
      const opened = await openStream({ t: 'send', id: randomId(), request, key: init.key }, init)
      if (opened === null) throw new TypeError('a transport has to answer `send`')
      return opened
    },
    close() {
      resign()
      isClosed = true
      listening.abort()
      channel.close()
      inner.close?.()
      // Who goes on asking has connections of his own.
      begin(take)
    },
  }
  if (inner.resume !== undefined)
    transport.resume = (ref, init) => openStream({ t: 'resume', id: randomId(), ref }, init)
  if (inner.stop !== undefined)
    transport.stop = async (ref) => {
      await known
      const id = randomId()
      const reply = await new Promise<TabReply>((settle) => {
        const stop = { ask: () => ask({ t: 'stop', id, ref }), settle }
        stops.set(id, stop)
        stop.ask()
      })
      stops.delete(id)
      if (reply.t === 'failed') throw unpackError(reply.error)
      return { stopped: reply.t === 'stopped' && reply.stopped }
    }
  return transport
}

const isRequest = (message: TabMessage): message is SentRequest => 'to' in message
