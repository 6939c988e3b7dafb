import { checksum } from '../protocol/checksum.ts'
import type { DataFrame, EndFrame, Ending, ServerFrame, WireChunk } from '../protocol/frame.ts'
import { addWireChunk } from '../protocol/receive.ts'

/** What happens on the sockets of a client that follows the stream `st_1`, in order. */
export type TranscriptStep =
  /** The server says this. */
  | { readonly server: ServerFrame | { readonly t: string; readonly [field: string]: unknown } }
  /** The client says something that has these fields; acknowledgements and pings aside. `null`: without this field. */
  | { readonly client: { readonly t: string; readonly [field: string]: unknown } }
  /** The client connects, if it has not, and says hello; the server welcomes it. */
  | { readonly connects: true }
  /** The connection is lost, or closed by the server with this code. */
  | { readonly closes: number }

/** A conversation, and what a client has to make of it. */
export interface Transcript {
  readonly name: string
  /** Where `PROTOCOL.md` says it. */
  readonly section: string
  readonly steps: readonly TranscriptStep[]
  /** How the stream ended, as the client tells it; `refused` if it did not. */
  readonly status: Ending | 'refused'
  /** The text that the client has at the end. */
  readonly text: string
}

const delta = (content: string): WireChunk => ({ choices: [{ index: 0, delta: { content } }] })
const first = (content: string): WireChunk => ({
  id: 'c1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  ...delta(content),
})

/** A stream of texts, in one epoch. */
function streamOf(e: string, texts: readonly string[]) {
  const chunks = texts.map((content, at) => (at === 0 ? first(content) : delta(content)))
  const sumOf = (to: number): WireChunk | undefined =>
    chunks.slice(0, to).reduce<WireChunk | undefined>((sum, chunk) => addWireChunk(sum, chunk), undefined)
  return {
    d: (from: number, to: number): { server: DataFrame } => ({
      server: { t: 'd', s: 'st_1', e, o: to, n: to - from, c: chunks.slice(from, to) },
    }),
    whole: (to: number): { server: DataFrame } => ({
      server: { t: 'd', s: 'st_1', e, o: to, n: to, c: [sumOf(to) ?? {}] },
    }),
    end: (st: Ending = 'done', o = texts.length): { server: EndFrame } => ({
      server: { t: 'end', s: 'st_1', e, o, st, h: checksum(sumOf(o)) },
    }),
  }
}

const connects = { connects: true } as const
const closes = (code: number) => ({ closes: code })
const subscribes = (from: object | null = null) => ({ client: { t: 'sub', s: 'st_1', from } })
const words = streamOf('e1', ['one ', 'two ', 'three ', 'four'])
const again = streamOf('e2', ['one ', 'two ', 'three ', 'four'])
const other = streamOf('e2', ['one ', 'other'])
const halves = streamOf('e1', ['\uD83D', '\uDC4B', 'e\u0301', '"\\u', '\u2028\u0000'])
const begun = [connects, subscribes()] as const

/** Conversations that every client has to get through. */
export const TRANSCRIPTS: readonly Transcript[] = [
  {
    name: 'adds what follows',
    section: '§5',
    steps: [...begun, words.d(0, 1), words.d(1, 3), words.d(3, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'takes the sum for everything before it',
    section: '§5',
    steps: [...begun, words.whole(3), words.d(3, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'ignores what it knows',
    section: '§5, rule 1',
    steps: [
      ...begun,
      words.d(0, 2),
      words.d(0, 1),
      words.d(1, 2),
      words.whole(2),
      words.d(2, 4),
      words.d(2, 4),
      words.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'subscribes again from its position where something is missing',
    section: '§5, rule 5',
    steps: [...begun, words.d(0, 1), words.d(2, 3), subscribes({ e: 'e1', o: 1 }), words.d(1, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'does not take two frames in the wrong order',
    section: '§5, rule 5',
    steps: [...begun, words.d(1, 2), words.d(0, 1), subscribes(), words.d(0, 1), words.d(1, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'takes an end before the last chunk for a gap',
    section: '§5',
    steps: [...begun, words.d(0, 3), words.end(), subscribes({ e: 'e1', o: 3 }), words.d(3, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'keeps its position at a node that is behind it, until that has caught up',
    section: '§5',
    steps: [
      ...begun,
      words.d(0, 3),
      closes(1006),
      connects,
      subscribes({ e: 'e1', o: 3 }),
      words.whole(1),
      words.d(1, 2),
      words.d(2, 3),
      words.d(3, 4),
      words.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'drops a position that is beyond the end of the stream',
    section: '§5',
    steps: [
      ...begun,
      words.d(0, 3),
      closes(1006),
      connects,
      subscribes({ e: 'e1', o: 3 }),
      words.whole(2),
      words.end('interrupted', 2),
      subscribes(),
      words.whole(2),
      words.end('interrupted', 2),
    ],
    status: 'interrupted',
    text: 'one two ',
  },
  {
    name: 'resumes from its position on another connection',
    section: '§9, §11.3',
    steps: [...begun, words.d(0, 2), closes(1006), connects, subscribes({ e: 'e1', o: 2 }), words.d(2, 4), words.end()],
    status: 'done',
    text: 'one two three four',
  },
  ...[1001, 4503, 4508, 4510, 4512, 4599].map((code) => ({
    name: `comes back after ${code}`,
    section: '§9',
    steps: [...begun, words.d(0, 2), closes(code), connects, subscribes({ e: 'e1', o: 2 }), words.d(2, 4), words.end()],
    status: 'done' as const,
    text: 'one two three four',
  })),
  ...[1000, 4400, 4401, 4403, 4406, 4413, 4429, 4499].map((code) => ({
    name: `gives up after ${code}`,
    section: '§9',
    steps: [...begun, words.d(0, 2), closes(code)],
    status: 'refused' as const,
    text: 'one two ',
  })),
  {
    name: 'keeps its text in a new epoch that goes on from there',
    section: '§5, rule 3',
    steps: [
      ...begun,
      words.d(0, 2),
      { server: { t: 'd', s: 'st_1', e: 'e2', o: 2, n: 0, c: [], p: 'e1' } },
      again.d(2, 4),
      again.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'does not take the new name of another position for its own',
    section: '§5, rule 3',
    steps: [
      ...begun,
      words.d(0, 2),
      { server: { t: 'd', s: 'st_1', e: 'e2', o: 2, n: 0, c: [], p: 'e0' } },
      subscribes({ e: 'e1', o: 2 }),
      again.whole(2),
      again.d(2, 4),
      again.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'forgets a text that is not in the stream any more',
    section: '§5, rule 2; §11.5',
    steps: [
      ...begun,
      words.d(0, 3),
      closes(1006),
      connects,
      subscribes({ e: 'e1', o: 3 }),
      other.whole(2),
      other.end('interrupted'),
    ],
    status: 'interrupted',
    text: 'one other',
  },
  {
    name: 'repairs an answer that arrived damaged',
    section: '§5',
    steps: [
      ...begun,
      { server: { t: 'd', s: 'st_1', e: 'e1', o: 2, n: 2, c: [first('one '), delta('damaged ')] } },
      words.d(2, 4),
      words.end(),
      subscribes(),
      words.whole(4),
      words.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'ignores kinds of frames, fields and streams that it does not know',
    section: '§4',
    steps: [
      ...begun,
      { server: { t: 'from-the-future', s: 'st_1', o: 9 } },
      { server: { t: 'ev', s: 'st_1', k: 'from-the-future' } },
      { server: { ...words.d(0, 2).server, future: [{}] } },
      { server: { ...other.whole(2).server, s: 'st_2' } },
      { server: { t: 'pong' } },
      { server: { t: 'p' } },
      words.d(2, 4),
      words.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
  {
    name: 'keeps texts as they are, half a surrogate pair at the end of a chunk included',
    section: '§7',
    steps: [...begun, halves.d(0, 1), halves.d(1, 2), halves.d(2, 5), halves.end()],
    status: 'done',
    text: '👋e\u0301"\\u\u2028\u0000',
  },
  {
    name: 'takes an empty stream that ends',
    section: '§5, §7',
    steps: [...begun, streamOf('e1', []).end('cancelled')],
    status: 'cancelled',
    text: '',
  },
  ...(['failed', 'limit', 'interrupted', 'cancelled'] as const).map((st) => ({
    name: `tells that a stream ended as ${st}, and keeps what came`,
    section: '§4',
    steps: [...begun, words.d(0, 2), words.end(st, 2)],
    status: st,
    text: 'one two ',
  })),
  {
    name: 'tells that a stream is gone',
    section: '§10',
    steps: [...begun, { server: { t: 'err', s: 'st_1', code: 'gone', msg: 'it has expired' } }],
    status: 'refused',
    text: '',
  },
  {
    name: 'leaves a node that drains for another one, from its position',
    section: '§9, §11.9',
    steps: [
      ...begun,
      words.d(0, 2),
      { server: { t: 'drain', minMs: 0, maxMs: 10 } },
      connects,
      subscribes({ e: 'e1', o: 2 }),
      words.d(1, 2),
      words.d(2, 4),
      words.end(),
    ],
    status: 'done',
    text: 'one two three four',
  },
]
