import { command, defineFlags } from '../arguments/command.ts'
import { on, oneOf, text } from '../arguments/value.ts'
import { aboutToken, relayFlags } from '../tail/relay-flags.ts'

export const flags = defineFlags({
  topic: { value: text('NAME'), about: 'follow the streams of this topic, one after the other' },
  'until-done': { value: on, about: 'with --topic: end after the first stream' },
  format: { value: oneOf('text', 'jsonl', 'sse'), default: 'text', about: 'the form' },
  ...relayFlags,
})

export const tail = command({
  name: 'tail',
  section: 'streams',
  summary: 'follow a stream of a relay, from wherever it is',
  arguments: { placeholder: '[URL] [STREAM]', max: 2, completes: 'nothing' },
  flags,

  details: [
    'URL is the socket of a relay, such as ws://127.0.0.1:8790/v1/socket; $DELTAWIRE_RELAY_URL when not given. STREAM is what the relay answers with in x-stream-id.',
    'What there is comes first, at once; then what follows, as it comes. A connection that is lost comes back by itself, with a note; nothing is printed twice and nothing is missing. Leaving does not stop the model.',
    'Streams of a topic are printed one after the other. One that begins meanwhile waits, and is printed whole.',
    aboutToken,
    'Ends with 0 when the answer is whole; 7 when the stream was interrupted, cancelled or failed, and what had come stays printed; 4 when the relay refuses; 6 when there is none; 9 when the answer was truncated.',
  ],
  examples: [
    {
      run: `deltawire relay demo:text --port 0 --ttft 6000 -- sh -c 'deltawire ask Hello --header "x-topic: room" >answer & deltawire tail --topic room --until-done'`,
      about: 'an answer that somebody else has asked for, live',
    },
  ],
  load: async () => (await import('./tail.ts')).tail,
})
