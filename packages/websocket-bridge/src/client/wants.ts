import type { ClientFrame, ErrFrame, OkFrame } from '../protocol/frame.ts'
import type { Clock } from './clock.ts'
import type { Link } from './link.ts'
import { RelayError } from './relay-error.ts'

/**
 * Something that is wanted of the relay: an answer, a stream, news of a topic.
 *
 * It is said on each link, and may be said twice: the protocol makes that harmless.
 */
export interface Want {
  /** The name of a request, which is done with its answer. What has none stays wanted, and has another name each time. */
  readonly id?: string
  /** The stream of which the server may say unasked that it is over. */
  readonly s?: string
  /** Whether whoever asks wants to hear of a refusal for now, too. */
  readonly isHasty?: boolean
  /** The links that were told, with the name under which it has no answer yet. */
  readonly on: Map<Link, string>
  frame(id: string): ClientFrame
  resolve?(ok: OkFrame, link: Link): void
  reject(reason: RelayError): void
}

/** In the place of the name: it was answered. */
export const ANSWERED = ''

/** All that is wanted of the relay. */
export interface Wants {
  nextId(): string
  /** Asks, and gives the answer. */
  ask(frame: Want['frame']): Promise<OkFrame>
  /** Wants it, and says so if no link was told. */
  add(want: Want): void
  /** Says it, also where it was said before. */
  say(want: Want, link?: Link): void
  /** Says to the newest link what it was not told. */
  sayAll(): void
  /** It is not wanted any more. The links that were told hear that, if there is a word for it. */
  drop(want: Want, goodbye?: ClientFrame): void
  answer(link: Link, frame: OkFrame): void
  refuse(link: Link, frame: ErrFrame): void
  lost(link: Link): void
  /** Whether a link has all that stays wanted. */
  isSettled(link: Link): boolean
  fail(reason: RelayError): void
}

/** When is asked for again what the server could not give now. */
const RETRY_MS = 1000

/** @param linkOf where to send to, if anywhere */
export function createWants(linkOf: () => Link | undefined, clock: Clock): Wants {
  const wants = new Set<Want>()
  const retries = new Set<unknown>()
  let count = 0
  let over: RelayError | undefined

  const nextId = (): string => String(++count)

  function find(is: (want: Want) => boolean): Want | undefined {
    for (const want of wants) if (is(want)) return want
    return undefined
  }

  const named = (link: Link, id: string | undefined): Want | undefined =>
    id ? find(({ on }) => on.get(link) === id) : undefined

  function say(want: Want, link = linkOf()): void {
    if (link === undefined) return
    const id = want.id ?? nextId()
    want.on.set(link, id)
    if (!link.send(want.frame(id))) reject(want, new RelayError('too_large', 'larger than maxFrameBytes'))
  }

  /** Says it to the newest link, unless that was told. */
  function tell(want: Want): void {
    const link = linkOf()
    if (link !== undefined && wants.has(want) && !want.on.has(link)) say(want, link)
  }

  function reject(want: Want, reason: RelayError): void {
    wants.delete(want)
    want.reject(reason)
  }

  function add(want: Want): void {
    if (over !== undefined) return want.reject(over)
    wants.add(want)
    if (want.on.size === 0) tell(want)
  }

  return {
    nextId,
    ask: (frame) => new Promise((resolve, fail) => add({ id: nextId(), on: new Map(), frame, resolve, reject: fail })),
    add,
    say,
    sayAll: () => wants.forEach(tell),
    drop(want, goodbye) {
      wants.delete(want)
      if (goodbye !== undefined) for (const link of want.on.keys()) link.send(goodbye)
      want.on.clear()
    },
    answer(link, frame) {
      const want = named(link, frame.id)
      if (want === undefined) return
      wants.delete(want)
      // To the end: those that wait for an answer are found first, also among ten thousand.
      if (want.id === undefined) wants.add(want)
      want.on.set(link, ANSWERED)
      want.resolve?.(frame, link)
    },
    refuse(link, { id, s, code, msg, retryMs }) {
      const want = named(link, id) ?? find((each) => each.on.has(link) && each.s !== undefined && each.s === s)
      if (want === undefined) return
      const stays = want.id === undefined
      // Another node is asked: one that drains is left as soon as there is another.
      if (code === 'draining' && !stays) return
      want.on.delete(link)
      // A model that is to stop must not go on because somebody was hasty, or a store away.
      const isForNow = retryMs !== undefined || (stays && /^(draining|unavailable)$/.test(code))
      if (!isForNow || want.isHasty === true) return reject(want, new RelayError(code, msg, { retryMs }))
      const timer = clock.setTimeout(() => {
        retries.delete(timer)
        tell(want)
      }, retryMs ?? RETRY_MS)
      retries.add(timer)
    },
    lost(link) {
      for (const { on } of wants) on.delete(link)
    },
    isSettled: (link) => find(({ id, on }) => id === undefined && on.get(link) !== ANSWERED) === undefined,
    fail(reason) {
      over = reason
      for (const timer of retries) clock.clearTimeout(timer)
      for (const want of wants) want.reject(reason)
      wants.clear()
    },
  }
}
