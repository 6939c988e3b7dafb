import type { DataFrame, OkFrame } from '../protocol/frame.ts'
import { createReceiver, type Receiver } from '../protocol/receive.ts'
import { demand } from './check-failure.ts'
import type { Peer } from './peer.ts'

/** What a case may use. */
export interface CheckBench {
  connect(): Promise<Peer>
  /** A chat request that the relay answers with a few chunks, and soon. */
  readonly body: Readonly<Record<string, unknown>>
  /** A chat request whose answer goes on for a while, and is longer than a window. */
  readonly longBody: Readonly<Record<string, unknown>> | undefined
  /** A name that nobody else has. */
  fresh(): string
}

/** One promise of `PROTOCOL.md` that a server is held to. */
export interface RelayCase {
  readonly name: string
  /** Where the paper says it. */
  readonly section: string
  /** Whether it takes an answer that goes on for a while. */
  readonly isLong?: true
  run(bench: CheckBench): Promise<void>
}

const hasEnded = ({ end }: Receiver): boolean => end !== undefined

/** Starts a stream on a socket that has said hello. */
async function start(
  peer: Peer,
  { fresh, body }: CheckBench,
  over: { key?: string; sub?: boolean; topic?: string } = {},
): Promise<OkFrame & { s: string }> {
  const id = fresh()
  peer.say({ t: 'start', id, key: fresh(), body, ...over })
  const ok = await peer.answer(id)
  demand(ok.t === 'ok', `"start" is answered with "ok", not ${JSON.stringify(ok)}`)
  const { s } = ok
  demand(s !== undefined, 'the "ok" of "start" has "s"')
  return { ...ok, s }
}

/** A stream that has ended, and what somebody received of it. */
async function ended(bench: CheckBench): Promise<{ s: string; receiver: Receiver; frames: readonly DataFrame[] }> {
  const peer = await bench.connect()
  await peer.hello({ ack: false })
  const { s } = await start(peer, bench)
  const receiver = createReceiver()
  await peer.follow(s, receiver, hasEnded)
  peer.close()
  return { s, receiver, frames: peer.heard.filter((frame) => frame.t === 'd') }
}

/** Subscribes on a new socket, and follows to the end. */
async function subscribed(bench: CheckBench, s: string, receiver: Receiver): Promise<readonly DataFrame[]> {
  const peer = await bench.connect()
  await peer.hello()
  const { position } = receiver
  peer.say({ t: 'sub', id: '1', s, ...(position && { from: position }) })
  demand((await peer.answer('1')).t === 'ok', 'a "sub" with an id is answered with "ok"')
  await peer.follow(s, receiver, hasEnded)
  peer.close()
  return peer.heard.filter((frame) => frame.t === 'd')
}

async function closesWith(peer: Peer, code: number, why: string): Promise<void> {
  const got = await peer.closing()
  demand(got === code, `the server closes with ${code} (${why}), not ${got}`)
}

/** Everything that a client counts on, and can see. */
export const RELAY_CASES: readonly RelayCase[] = [
  {
    name: 'welcomes a client that says hello',
    section: '§2',
    async run({ connect }) {
      const welcome = await (await connect()).hello({ ack: true })
      demand(welcome.pingMs > 0 && welcome.windowLength > 0, '"welcome" has a pingMs and a windowLength above 0')
    },
  },
  {
    name: 'takes frames that come right after hello, without a welcome',
    section: '§2',
    async run(bench) {
      const peer = await bench.connect()
      const welcome = peer.hello({ ack: true })
      const { s } = await start(peer, bench)
      await welcome
      const receiver = createReceiver()
      await peer.follow(s, receiver, hasEnded)
    },
  },
  {
    name: 'closes a socket that says nothing for three seconds',
    section: '§2',
    run: async ({ connect }) => closesWith(await connect(), 4408, 'no hello'),
  },
  ...[
    '',
    'not JSON',
    '[]',
    'null',
    '7',
    '{}',
    '{"t":7}',
    '{"t":"sub"}',
    '{"t":"ack","b":-1}',
    '{"t":"sub","s":"x","from":{"e":"e","o":1.5}}',
  ].map((text): RelayCase => ({
    name: `closes a socket that says ${text === '' ? 'nothing in a message' : text}`,
    section: '§9',
    async run({ connect }) {
      const peer = await connect()
      await peer.hello()
      peer.sayText(text)
      await closesWith(peer, 4400, 'no frame')
    },
  })),
  {
    name: 'closes a socket that sends a binary message',
    section: '§2',
    async run({ connect }) {
      const peer = await connect()
      await peer.hello()
      peer.sayBytes(new TextEncoder().encode('{"t":"ping"}'))
      await closesWith(peer, 4400, 'binary')
    },
  },
  {
    name: 'ignores kinds of frames and fields that it does not know',
    section: '§4',
    async run({ connect }) {
      const peer = await connect()
      await peer.hello()
      peer.sayText('{"t":"from-the-future","s":1}')
      peer.sayText('{"t":"ping","x":"still there","future":[{}]}')
      demand((await peer.next('pong')).x === 'still there', '"ping" is answered with "pong" and the same "x"')
    },
  },
  {
    name: 'carries a stream to its end: no gap, nothing twice, the checksum of the sum',
    section: '§5, §7',
    async run(bench) {
      const { receiver } = await ended(bench)
      demand(receiver.end?.st === 'done', `the stream ends with "done", not "${receiver.end?.st}"`)
      demand((receiver.position?.o ?? 0) > 1, 'the answer to the body of this check has several chunks')
    },
  },
  {
    name: 'answers "start" before the first data',
    section: '§4',
    async run(bench) {
      const peer = await bench.connect()
      await peer.hello()
      const { s } = await start(peer, bench)
      await peer.follow(s, createReceiver(), hasEnded)
      const kinds = peer.heard.map(({ t }) => t)
      demand(kinds.indexOf('ok') < kinds.indexOf('d'), 'the "ok" comes before the first "d"')
    },
  },
  {
    name: 'gives one stream for one key, however often it is sent',
    section: '§3',
    async run(bench) {
      const [peer, other] = [await bench.connect(), await bench.connect()]
      await peer.hello()
      await other.hello()
      const key = bench.fresh()
      const first = await start(peer, bench, { key })
      const again = await start(other, bench, { key })
      demand(first.s === again.s, 'the same key and body give the same "s"')
      demand(first.fresh === true && again.fresh === false, '"fresh" is true once')
    },
  },
  {
    name: 'refuses a key that was used with another body',
    section: '§3',
    async run(bench) {
      const peer = await bench.connect()
      await peer.hello()
      const key = bench.fresh()
      await start(peer, bench, { key, sub: false })
      peer.say({ t: 'start', id: 'x', key, body: { ...bench.body, user: 'somebody else' } })
      const answer = await peer.answer('x')
      demand(
        answer.t === 'err' && answer.code === 'conflict',
        `it is answered with "err conflict", not ${JSON.stringify(answer)}`,
      )
    },
  },
  {
    name: 'sends nothing of a stream that was started without following it',
    section: '§3',
    async run(bench) {
      const peer = await bench.connect()
      await peer.hello()
      const { s } = await start(peer, bench, { sub: false })
      await subscribed(bench, s, createReceiver())
      demand(!peer.heard.some(({ t }) => t === 'd' || t === 'end'), 'no data comes after "sub": false')
    },
  },
  {
    name: 'gives a late joiner everything from offset 0, in one frame',
    section: '§5',
    async run(bench) {
      const { s, receiver } = await ended(bench)
      const late = createReceiver()
      const [first] = await subscribed(bench, s, late)
      demand(
        first !== undefined && first.n === first.o && first.o === receiver.position?.o,
        'the first frame has n = o',
      )
      demand(late.end?.h === receiver.end?.h, 'both have the same checksum')
    },
  },
  {
    name: 'goes on from any position, with what follows it',
    section: '§5',
    async run(bench) {
      const { s, receiver, frames } = await ended(bench)
      const partial = createReceiver()
      for (const frame of frames) {
        partial.receive(frame)
        const { position, sum } = partial
        if (position === undefined) continue
        const resumed = createReceiver({ position, sum })
        const [next] = await subscribed(bench, s, resumed)
        const isPart =
          next === undefined || next.n < next.o || JSON.stringify(sum).length < JSON.stringify(resumed.sum).length / 2
        demand(isPart, `who resumes at ${position.o} gets what follows, and not everything`)
        demand(resumed.end?.h === receiver.end?.h, `who resumes at ${position.o} has the same checksum at the end`)
      }
    },
  },
  ...(
    [
      ['an epoch that never was', (o: number) => ({ e: 'never-was', o })],
      ['an offset that is not there yet', (o: number, e: string) => ({ e, o: o + 1000 })],
    ] as const
  ).map(([what, positionOf]): RelayCase => ({
    name: `gives the sum to a position with ${what}`,
    section: '§5, §8',
    async run(bench) {
      const { s, receiver } = await ended(bench)
      const { e = '', o = 0 } = receiver.position ?? {}
      const peer = await bench.connect()
      await peer.hello()
      peer.say({ t: 'sub', s, from: positionOf(o, e) })
      const first = await peer.data(s)
      demand(first.t === 'd' && first.n === o && first.o === o, 'the first frame has n = o')
    },
  })),
  {
    name: 'begins again where the same stream is subscribed to again',
    section: '§3',
    async run(bench) {
      const { s, receiver } = await ended(bench)
      const peer = await bench.connect()
      await peer.hello()
      for (const id of ['1', '2']) {
        peer.say({ t: 'sub', id, s })
        demand((await peer.answer(id)).t === 'ok', 'a "sub" is answered with "ok", also the second')
        const again = createReceiver()
        await peer.follow(s, again, hasEnded)
        demand(again.end?.h === receiver.end?.h, 'both have everything')
      }
    },
  },
  {
    name: 'refuses a stream that there is not, and says which request that was',
    section: '§10',
    async run({ connect }) {
      const peer = await connect()
      await peer.hello()
      peer.say({ t: 'sub', id: 'a', s: 'st_never-was' }, { t: 'cancel', id: 'b', s: 'st_never-was' })
      for (const id of ['a', 'b']) {
        const answer = await peer.answer(id)
        demand(
          answer.t === 'err' && /^(not_found|gone|forbidden)$/.test(answer.code),
          'it is answered with "err not_found"',
        )
      }
    },
  },
  {
    name: 'answers a cancel of a stream that has ended with how it ended',
    section: '§3',
    async run(bench) {
      const { s } = await ended(bench)
      const peer = await bench.connect()
      await peer.hello()
      peer.say({ t: 'cancel', id: 'a', s })
      const answer = await peer.answer('a')
      demand(
        answer.t === 'ok' && answer.st === 'done',
        `it is answered with "ok" and "done", not ${JSON.stringify(answer)}`,
      )
    },
  },
  {
    name: 'announces the streams of a topic',
    section: '§3',
    async run(bench) {
      const peer = await bench.connect()
      await peer.hello()
      const topic = bench.fresh()
      peer.say({ t: 'topic', id: 'a', topic })
      demand((await peer.answer('a')).t === 'ok', '"topic" is answered with "ok"')
      const other = await bench.connect()
      await other.hello()
      const { s } = await start(other, bench, { topic })
      const begun = await peer.next('stream')
      demand(begun.s === s && begun.st === 'live' && begun.topic === topic, 'it is announced as "live"')
      const over = await peer.next('stream')
      demand(over.s === s && over.st === 'done', 'its end is announced')
    },
  },
  {
    name: 'tells of what lives in a topic before it answers who asks for it',
    section: '§3',
    isLong: true,
    async run(bench) {
      const [peer, late] = [await bench.connect(), await bench.connect()]
      await peer.hello()
      await late.hello()
      const topic = bench.fresh()
      const { s } = await start(peer, { ...bench, body: bench.longBody ?? {} }, { topic })
      await peer.data(s)
      late.say({ t: 'topic', id: 'a', topic })
      demand((await late.answer('a')).t === 'ok', '"topic" is answered with "ok"')
      const before = late.heard.slice(
        0,
        late.heard.findIndex(({ t }) => t === 'ok'),
      )
      demand(
        before.some((frame) => frame.t === 'stream' && frame.s === s && frame.st === 'live'),
        'a stream that is live is announced before the "ok"',
      )
      peer.say({ t: 'cancel', id: 'b', s })
      await peer.answer('b')
    },
  },
  {
    name: 'stops a stream that is cancelled, keeps what came, and ends once',
    section: '§3, §11.6',
    isLong: true,
    async run(bench) {
      const [peer, other] = [await bench.connect(), await bench.connect()]
      await peer.hello()
      await other.hello()
      const { s } = await start(peer, { ...bench, body: bench.longBody ?? {} })
      const receiver = createReceiver()
      await peer.follow(s, receiver, ({ position }) => position !== undefined)
      other.say({ t: 'cancel', id: 'a', s })
      demand(
        (await other.answer('a')).t === 'ok',
        '"cancel" is answered with "ok", from any socket of the same principal',
      )
      await peer.follow(s, receiver, hasEnded)
      demand(receiver.end?.st === 'cancelled', `the stream ends with "cancelled", not "${receiver.end?.st}"`)
      const late = createReceiver()
      await subscribed(bench, s, late)
      demand(late.end?.h === receiver.end?.h, 'who comes later has the same')
    },
  },
  {
    name: 'sends no more of a stream that was left',
    section: '§3',
    isLong: true,
    async run(bench) {
      const peer = await bench.connect()
      await peer.hello()
      const { s } = await start(peer, { ...bench, body: bench.longBody ?? {} })
      await peer.data(s)
      peer.say({ t: 'unsub', id: 'a', s })
      demand((await peer.answer('a')).t === 'ok', '"unsub" with an id is answered with "ok"')
      const { length } = peer.heard
      await subscribed(bench, s, createReceiver())
      demand(!peer.heard.slice(length).some(({ t }) => t === 'd' || t === 'end'), 'no data comes after the answer')
    },
  },
  {
    name: 'sends a client that acknowledges nothing no more than its window, and then the sum of what it missed',
    section: '§6',
    isLong: true,
    async run(bench) {
      const peer = await bench.connect()
      const { windowLength } = await peer.hello({ ack: true })
      const { s } = await start(peer, { ...bench, body: bench.longBody ?? {} })
      await subscribed(bench, s, createReceiver())
      const before = peer.heardLength
      const largest = Math.max(...peer.heard.map((frame) => JSON.stringify(frame).length))
      demand(before > windowLength / 2, 'the long body of this check gives more than a window')
      demand(before < windowLength + largest, `no more than ${windowLength} and one frame come, not ${before}`)
      const { length } = peer.heard
      const receiver = createReceiver()
      while (!hasEnded(receiver)) {
        peer.say({ t: 'ack', b: peer.heardLength })
        await peer.step(s, receiver)
      }
      const missed = peer.heard.slice(length).find((frame) => frame.t === 'd')
      demand((missed?.n ?? 0) > 1, 'what was missed comes as a sum')
    },
  },
]
