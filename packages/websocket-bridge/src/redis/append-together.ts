import type { Clock } from '../clock.ts'
import type { Appended, Engine, StreamEnd } from '../engine.ts'
import { lengthsOf } from './message.ts'
import { flagsOf } from './state-of.ts'
import type { Reply, Store } from './store.ts'

export interface AppendOptions {
  readonly store: Pick<Store, 'run'>
  readonly soon: Clock['soon']
  /** What every call begins with: the prefix, and for how long what is kept. */
  readonly about: readonly (string | number)[]
}

/** Who waits for the answer to an addition. */
interface Waiting {
  resolve(appended: Appended): void
  reject(reason: unknown): void
}

/** From so many words on, or characters of chunks, a call is long enough: the store does nothing else meanwhile. */
const MAX_WORDS = 2_000
const MAX_LENGTH = 262_144

/**
 * Makes what adds to streams: all that is to be added in one turn, to however many streams, is one call and one answer.
 *
 * With a call for each stream, 100 streams that give one delta at a time cost a node 11.5 µs a delta and Redis 5.3; in
 * one call 4.9 and 2.2.
 */
export function createAppend({ store, soon, about }: AppendOptions): Engine['append'] {
  let waiting: Waiting[] = []
  let words: (string | number)[] = []
  let length = 0

  function send(): void {
    if (waiting.length === 0) return
    const asked = waiting
    store.run('append', ...about, ...words).then(
      (reply) => settle(asked, reply),
      (reason: unknown) => {
        for (const { reject } of asked) reject(reason)
      },
    )
    waiting = []
    words = []
    length = 0
  }

  return (id, { fence, expect, chunks, end, knownFlags = 0 }) =>
    new Promise((resolve, reject) => {
      if (words.length >= MAX_WORDS || length >= MAX_LENGTH) send()
      if (waiting.length === 0) soon(send)
      waiting.push({ resolve, reject })
      const ending = end === undefined ? '' : JSON.stringify(end)
      words.push(id, fence, expect, ending, end?.st ?? '', lengthsOf(chunks), knownFlags, chunks.length)
      for (const chunk of chunks) {
        words.push(chunk)
        length += chunk.length
      }
    })
}

/** What the script answers to an addition, by its first word. */
const APPENDED: { readonly [outcome: string]: (about: Reply) => Appended } = {
  added: (flags) => ({ outcome: 'added', flags: flagsOf(Array.isArray(flags) ? flags.map(String) : []) }),
  elsewhere: (tail) => ({ outcome: 'elsewhere', tail: Number(tail) }),
  // Written by an engine like this one.
  ended: (end) => ({ outcome: 'ended', end: JSON.parse(String(end)) as StreamEnd }),
  fenced: () => ({ outcome: 'fenced' }),
  lost: () => ({ outcome: 'lost' }),
}

function settle(asked: readonly Waiting[], reply: Reply): void {
  const answers = reply as readonly (readonly [outcome: string, about?: Reply])[]
  for (const [at, { resolve, reject }] of asked.entries()) {
    const [outcome = 'nothing', about = null] = answers[at] ?? []
    const appended = APPENDED[outcome]
    if (appended !== undefined) resolve(appended(about))
    else if (outcome === 'failed') reject(new Error(String(about)))
    else reject(new Error(`the store answered ${outcome}: another version of this package uses it`))
  }
}
