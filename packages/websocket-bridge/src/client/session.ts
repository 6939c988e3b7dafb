import { afterClose } from '../protocol/close-code.ts'
import { type HelloFrame, type ServerFrame, SUBPROTOCOL } from '../protocol/frame.ts'
import type { Clock } from './clock.ts'
import { type Link, openLink, type RelaySocket } from './link.ts'
import type { Address, OpenSocket, RelayState, Sign } from './options.ts'
import { RelayError } from './relay-error.ts'

/** What is needed to be connected, all of it decided. */
export interface SessionOptions {
  readonly url: Address
  readonly token: Address | undefined
  readonly hello: Omit<HelloFrame, 't' | 'token'>
  readonly open: OpenSocket
  readonly watch: ((tell: (sign: Sign) => void) => () => void) | undefined
  readonly maxAttempts: number
  readonly clock: Clock
  readonly random: () => number
}

interface SessionEvents {
  state(state: RelayState): void
  /** Another socket is open: everything that is wanted has to be said on it. */
  opened(link: Link): void
  frame(link: Link, frame: ServerFrame): void
  lost(link: Link): void
  /** There will be no connection any more. Comes once, and nothing after it. */
  over(reason: RelayError): void
}

/** Keeps a connection to the relay, for as long as it is of any use. */
export interface Session {
  /** Where to send to: the newest socket that is open. */
  readonly link: Link | undefined
  /** Closes older links, if everything that is wanted comes over this one. */
  settle(link: Link, hasAll: (link: Link) => boolean): void
  close(): void
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 20_000
/** A connection that lasted this long was a good one. */
const GOOD_MS = 10_000
/** A machine whose clock is fast takes every token for one that has run out: it asks for the next no sooner. */
const LEAST_RENEWAL_MS = 10_000
/** Timers above this ring at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Makes a session, which begins to connect.
 *
 * A lost connection comes back after a random time that grows. A node that drains is left for another one, and only when
 * that has everything, so that nothing pauses.
 */
export function openSession(options: SessionOptions, on: SessionEvents): Session {
  const { clock } = options
  /** Oldest first: the last one is in use, and the others until it has taken over. */
  const links = new Map<Link, { welcomedAt: number }>()
  let attempts = 0
  /** Whether a socket is being opened, or is open and not yet welcome. */
  let isConnecting = false
  let opening: Link | undefined
  const away = new Set<Sign>()
  let isOver = false
  let connectTimer: unknown
  let renewTimer: unknown

  const newest = (): Link | undefined => [...links.keys()].at(-1)

  function connectIn(ms: number): void {
    clock.clearTimeout(connectTimer)
    connectTimer = clock.setTimeout(() => void connect(), ms)
  }

  function reconnect(): void {
    if (isConnecting || isOver) return
    if (attempts >= options.maxAttempts)
      return finish(new RelayError('closed', `no connection after ${attempts} attempts`))
    on.state(away.size > 0 ? 'paused' : 'waiting')
    if (away.size === 0) connectIn(options.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempts++))
  }

  async function connect(): Promise<void> {
    if (isConnecting || isOver) return
    isConnecting = true
    if (links.size === 0) on.state('connecting')
    let url: string
    let token: string | undefined
    try {
      url = await addressOf(options.url)
      token = await addressOf(options.token)
    } catch {
      // It can't be found out now.
      isConnecting = false
      return reconnect()
    }
    // Meanwhile somebody may have closed.
    if (!isOver) open(url, token)
  }

  function open(url: string, token: string | undefined): void {
    const hello: HelloFrame = { t: 'hello', ...options.hello, token }
    let socket: RelaySocket
    try {
      socket = options.open(url, SUBPROTOCOL)
    } catch (reason) {
      return finish(new RelayError('closed', String(reason)))
    }
    const link: Link = openLink(socket, hello, clock, {
      opened() {
        links.set(link, { welcomedAt: Infinity })
        on.opened(link)
      },
      frame: (frame) => receive(link, frame),
      lost: (code, reason) => lose(link, code, reason),
    })
    opening = link
  }

  function receive(link: Link, frame: ServerFrame): void {
    if (frame.t === 'welcome') {
      isConnecting = false
      opening = undefined
      links.set(link, { welcomedAt: clock.now() })
      on.state('open')
    } else if (frame.t === 'drain') connectIn(frame.minMs + options.random() * (frame.maxMs - frame.minMs))
    if ('expiresAt' in frame && frame.expiresAt !== undefined) renewBefore(frame.expiresAt)
    on.frame(link, frame)
  }

  function lose(link: Link, code: number, reason: string): void {
    const isNewest = link === opening || link === newest()
    const welcomedAt = links.get(link)?.welcomedAt ?? Infinity
    // Of those that were left, nothing matters any more.
    if (isOver || (!links.delete(link) && link !== opening)) return
    if (link === opening) {
      opening = undefined
      isConnecting = false
    } else if (clock.now() - welcomedAt >= GOOD_MS) attempts = 0
    if (isNewest && isFinal(code))
      return finish(new RelayError('closed', `the server closed with ${code} ${reason}`, { closeCode: code }))
    on.lost(link)
    // A node that drains is to be left, however many attempts that takes; any other link was all that there is.
    if (isNewest || links.size === 0) reconnect()
  }

  function isFinal(code: number): boolean {
    const next = afterClose(code)
    // A text stays what it is. A function, a ticket in the address or a cookie may be good again.
    return next === 'give-up' || (next === 'renew-token' && typeof options.token === 'string')
  }

  /** Before a token runs out, another one is told. */
  function renewBefore(expiresAt: number): void {
    const { token } = options
    if (typeof token !== 'function') return
    clock.clearTimeout(renewTimer)
    const renew = async (): Promise<void> => {
      try {
        const next = await token()
        newest()?.send({ t: 'auth', id: 'auth', token: next })
      } catch {
        // The server closes when the old one has run out, and the next connection asks again.
      }
    }
    const ms = Math.max(LEAST_RENEWAL_MS, (expiresAt - clock.date()) * 0.8)
    renewTimer = clock.setTimeout(() => void renew(), Math.min(ms, LONGEST_TIMER_MS))
  }

  function heed(sign: Sign): void {
    if (sign === 'offline' || sign === 'hidden') {
      away.add(sign)
      if (links.size > 0 || isConnecting) return
      clock.clearTimeout(connectTimer)
      on.state('paused')
      return
    }
    away.delete(sign === 'online' ? 'offline' : 'hidden')
    const link = newest()
    if (link !== undefined) return link.ping()
    attempts = 0
    if (away.size === 0) connectIn(0)
  }

  function finish(reason: RelayError): void {
    if (isOver) return
    isOver = true
    clock.clearTimeout(connectTimer)
    clock.clearTimeout(renewTimer)
    unwatch?.()
    for (const link of [...links.keys(), opening]) link?.close()
    on.state('closed')
    on.over(reason)
  }

  const unwatch = options.watch?.(heed)
  if (away.size === 0) void connect()

  return {
    get link() {
      return newest()
    },
    settle(link, hasAll) {
      if (links.size < 2 || link === opening || link !== newest() || !hasAll(link)) return
      for (const other of links.keys()) {
        if (other === link) return
        links.delete(other)
        other.close()
      }
    },
    close: () => finish(new RelayError('closed', 'close() was called')),
  }
}

/** What it is now. */
const addressOf = <T extends string | undefined>(
  address: T | (() => Promise<string> | string),
): Promise<string> | string | T => (typeof address === 'function' ? address() : address)
