import type { ClientFrame, ErrFrame, OkFrame } from '../protocol/frame.ts'
import type { Clock } from './clock.ts'
import type { Link } from './link.ts'
import { RelayError } from './relay-error.ts'

type RequestFrame = ClientFrame & { readonly id: string }

/** Something that was asked, and is asked again on each new link until there is an answer. */
export interface Request {
  readonly frame: RequestFrame
  readonly resolve: (ok: OkFrame, link: Link) => void
  readonly reject: (reason: RelayError) => void
  /** Whether a server may know of it. */
  isSent: boolean
}

/** What is asked and not answered. All of it may be asked twice: the protocol makes that harmless. */
export interface Requests {
  nextId(): string
  add(request: Request): void
  /** Asks, and gives the answer. */
  ask(frame: (id: string) => RequestFrame): Promise<OkFrame>
  /** Says on another link what has no answer yet. */
  sayAll(link: Link): void
  answer(link: Link, frame: OkFrame): void
  /** @returns whether it was one of these requests */
  refuse(frame: ErrFrame, error: RelayError): boolean
  withdraw(request: Request): void
  fail(reason: RelayError): void
}

/** @param linkOf where to send to, if anywhere */
export function createRequests(linkOf: () => Link | undefined, clock: Clock): Requests {
  const pending = new Map<string, Request>()
  let count = 0
  const nextId = (): string => String(++count)
  let over: RelayError | undefined

  function send(request: Request, link: Link | undefined): void {
    if (link === undefined) return
    request.isSent = true
    if (link.send(request.frame)) return
    withdraw(request)
    request.reject(new RelayError('too_large', 'larger than maxFrameBytes'))
  }

  const withdraw = ({ frame }: Request): void => void pending.delete(frame.id)

  function add(request: Request): void {
    if (over !== undefined) return request.reject(over)
    pending.set(request.frame.id, request)
    send(request, linkOf())
  }

  return {
    nextId,
    add,
    ask: (frame) => new Promise((resolve, reject) => add({ frame: frame(nextId()), resolve, reject, isSent: false })),
    sayAll(link) {
      for (const request of pending.values()) send(request, link)
    },
    answer(link, frame) {
      const request = pending.get(frame.id)
      pending.delete(frame.id)
      request?.resolve(frame, link)
    },
    refuse({ id = '', code, retryMs }, error) {
      const request = pending.get(id)
      // Another node is asked: one that drains is left as soon as there is another.
      if (request === undefined || code === 'draining') return request !== undefined
      if (retryMs !== undefined && request.frame.t !== 'start') {
        // A model that is to stop must not go on because somebody was hasty, or a store away.
        clock.setTimeout(() => pending.has(id) && send(request, linkOf()), retryMs)
        return true
      }
      withdraw(request)
      request.reject(error)
      return true
    },
    withdraw,
    fail(reason) {
      over = reason
      for (const request of pending.values()) request.reject(reason)
      pending.clear()
    },
  }
}
