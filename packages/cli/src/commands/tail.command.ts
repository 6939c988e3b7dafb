import { command, defineFlags } from '../arguments/command.ts'
import { on, oneOf, text, type Value, timeLimit } from '../arguments/value.ts'
import type { From } from '../tail/beginning-of.ts'
import { aboutToken, relayFlags } from '../tail/relay-flags.ts'

/** A position is the `id` of an event of the relay. */
const from: Value<From> = {
  placeholder: 'start|now|POSITION',
  expected: 'start or now or a position such as 7f3a0c21.12',
  words: ['start', 'now'],
  read: (given) => (/^(?:start|now|[\w-]{1,32}\.\d{1,15})$/.test(given) ? given : undefined),
}

export const flags = defineFlags({
  topic: {
    value: text('NAME'),
    repeats: true,
    about: 'follow the streams of this topic, one after the other',
  },
  from: {
    value: from,
    default: 'start',
    about: 'of a STREAM: all of it, what comes from now on, or what follows a position where somebody was',
  },
  'until-done': { value: on, about: 'with a topic: end after the first stream' },
  timeout: { value: timeLimit(), about: 'end after this time, with exit code 10 (no limit)' },
  'idle-timeout': { value: timeLimit(), about: 'end when nothing has come for this time, with exit code 7 (no limit)' },
  all: { value: on, about: 'every choice of an answer as text: the first as it comes, the others below it' },
  format: { value: oneOf('text', 'jsonl', 'sse'), default: 'text', about: 'the form' },
  ...relayFlags,
})

export const tail = command({
  name: 'tail',
  section: 'streams',
  summary: 'follow a stream of a relay from wherever it is, or a recording that is still written',
  arguments: { placeholder: '[URL] [STREAM|FILE] | URL/TOPIC', max: 2, command: '[-- COMMAND…]' },
  flags,
  details: [
    'URL is the socket of a relay, such as ws://127.0.0.1:8790/v1/socket; $DELTAWIRE_RELAY_URL when not given. STREAM is what the relay answers with in x-stream-id. Both may be one: ws://127.0.0.1:8790/STREAM, or /TOPIC.',
    'What there is comes first, at once; then what follows, as it comes. A connection that is lost comes back by itself, with a note; nothing is printed twice and nothing is missing. Leaving does not stop the model; how far it came is noted, for --from.',
    'Streams of a topic are printed one after the other. One that begins meanwhile waits, and is printed whole. Of several topics each stream has a line with the name of its topic above it.',
    'With a COMMAND: runs it when the topic is followed, with DELTAWIRE_RELAY_URL and OPENAI_BASE_URL leading to the relay and its output on standard error, and ends when it has ended and its streams have.',
    'FILE is a recording or a stream that another program is writing: it is printed as it grows, until it is complete.',
    aboutToken,
    'Ends with 0 when the answer is whole; 7 when the stream was interrupted, cancelled or failed, and what had come stays printed; 4 when the relay refuses; 6 when there is none; 9 when the answer was truncated; 10 when the time of --timeout is over.',
  ],
  examples: [
    {
      run: `deltawire relay demo:text --port 0 --tps 200 -- deltawire tail --topic room -- deltawire ask -q "Hello" --header "x-topic: room"`,
      about: 'what somebody else asks, live',
    },
    {
      run: 'deltawire replay demo:text --gap 5ms > growing.sse & deltawire tail growing.sse',
      about: 'a file that another program is writing',
    },
  ],
  load: async () => (await import('./tail.ts')).tail,
})
