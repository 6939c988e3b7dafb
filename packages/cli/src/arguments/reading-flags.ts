import { flagGroup, type FlagValues } from './command.ts'
import { on, whole } from './value.ts'

/** What the caller knows about a stream and the wire does not say. */
export const readingFlags = flagGroup({
  n: {
    short: 'n',
    value: whole('N', { min: 1 }),
    about: 'the request asked for N choices; with 1 every chunk belongs to the first, whatever it says',
  },
  cumulative: { value: on, about: 'every chunk repeats the whole text so far' },
})

/** The same, as the reader of a stream takes it. */
export function readingOptions({ n, cumulative }: FlagValues<typeof readingFlags>) {
  return { cumulative, ...(n !== undefined && { n }) }
}

/** Paragraphs for the help of every command that takes a SOURCE. */
export const aboutSources = [
  'SOURCE is a file (also .gz), - for standard input (the default), an http URL, ws://HOST/TOPIC, @ID, or demo:NAME, one of our own recordings: text, tools, reasoning, tour, n2, refusal, utf8, cut and error.',
  'ws://HOST/TOPIC is the next stream of a topic of a relay, or one by its id; the token is in $DELTAWIRE_RELAY_TOKEN. @ID is an answer of the history, by its id or that of its conversation, or by a title; @ alone is the last one, and @ID/2 the answer in or to its message 2.',
  'The format is found out: a recording of deltawire record, SSE, one chunk of JSON per line, a completion, or an error body.',
] as const
