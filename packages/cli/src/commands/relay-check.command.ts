import { colorFlag } from '../arguments/color-flag.ts'
import { command, defineFlags } from '../arguments/command.ts'
import { duration, on, text } from '../arguments/value.ts'
import { aboutToken, relayFlags } from '../tail/relay-flags.ts'

export const flags = defineFlags({
  model: { short: 'm', value: text('MODEL'), default: 'demo', about: 'the model that is asked' },
  'long-model': {
    value: text('MODEL'),
    about: 'a model whose answer goes on for seconds and is long; without it some checks are left out',
  },
  only: { value: text('WORDS'), about: 'only the checks with these words in their name' },
  timeout: { value: duration(), about: 'how long to wait for a frame or an answer (10s)' },
  transcript: { value: text('FILE'), about: 'write every frame to this file, > for ours and < for those of the relay' },
  json: { value: on, about: 'one line of JSON for each check' },
  ...colorFlag,
  ...relayFlags,
})

export const relayCheck = command({
  name: 'relay-check',
  section: 'servers',
  summary: 'hold a relay, in whichever language, to the protocol',
  arguments: { placeholder: '[URL]', max: 1, completes: 'nothing' },
  flags,
  details: [
    'URL is the socket of a relay, such as ws://127.0.0.1:8790/v1/socket; $DELTAWIRE_RELAY_URL when not given. It is used as clients use it, over WebSocket and HTTP, and starts streams: give the relay a mock provider.',
    'Each check names the section of PROTOCOL.md (of @deltawire/websocket-bridge) that it judges. Ends with 1 when one fails.',
    aboutToken,
  ],
  examples: [
    {
      run: 'deltawire relay demo:text --port 0 --tps 0 --ttft 0 -- deltawire relay-check --only stream',
      about: 'what our own does',
    },
  ],
  load: async () => (await import('./relay-check.ts')).relayCheck,
})
