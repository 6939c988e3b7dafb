import { command, defineFlags } from '../arguments/command.ts'
import { list, on, oneOf, text, whole } from '../arguments/value.ts'

export const flags = defineFlags({
  port: { value: whole('N', { min: 0, max: 65_535 }), about: 'the port (8790); 0 takes a free one' },
  host: { value: text('HOST'), about: 'the address to listen on (127.0.0.1)' },
  upstream: {
    value: text('URL'),
    about: 'the endpoint that is asked, up to /chat/completions; $OPENAI_BASE_URL when not given',
  },
  models: { value: list(text('MODEL')), about: 'the models that clients may ask for (any)' },
  origin: { value: text('ORIGIN'), repeats: true, about: 'a web page that may use this relay; * for any page' },
  anybody: { value: on, about: 'let everybody in who can reach this relay, at your expense' },
  log: { value: oneOf('error', 'info', 'debug'), about: 'what is logged (info)' },
  settings: { value: text('FILE'), about: 'a file of JSON with settings, which may hold comments' },
  'list-settings': { value: on, about: 'print every setting, with its variable, and end' },
  check: { value: on, about: 'say what is wrong with the settings, and end' },
  ttft: { value: whole('MS', { min: 0 }), default: 300, about: 'of SOURCEs: the time before the first chunk, in ms' },
  tps: { value: whole('N', { min: 0 }), default: 30, about: 'of SOURCEs: chunks per second; 0 sends without a pause' },
})

export const relay = command({
  name: 'relay',
  section: 'servers',
  summary: 'carry one answer to any number of readers, over WebSocket and SSE',
  arguments: { placeholder: '[SOURCE…]', max: Infinity, completes: 'sources', command: '[-- COMMAND…]' },
  flags,
  conflicts: [['check', 'list-settings']],
  details: [
    'Asks the upstream once per stream, keeps what comes, and carries it to every reader from wherever that reader is. WebSocket at /v1/socket; POST /v1/chat/completions for any client of the protocol; GET /v1/streams/ID/events to follow and to resume; /healthz, /readyz, /metrics.',
    'Flags, then DELTAWIRE_RELAY_… variables, then the file: --list-settings prints them all. Secrets come from variables, or from files that DELTAWIRE_RELAY_…_FILE name. With DELTAWIRE_RELAY_REDIS any number of nodes is one relay.',
    'With SOURCEs it needs no upstream and no key: answers come from these recordings, at a pace that one can watch.',
    'With a COMMAND: runs it with OPENAI_BASE_URL, DELTAWIRE_RELAY_URL and, where there are tokens, DELTAWIRE_RELAY_TOKEN set, and ends with its exit code. Ctrl-C and SIGTERM send readers elsewhere and wait for running streams; a second Ctrl-C does not.',
  ],
  examples: [
    {
      run: 'deltawire relay demo:text --port 0 --tps 0 --ttft 0 -- deltawire ask "Hello"',
      about: 'any client of the protocol can use it',
    },
    { run: 'deltawire relay --list-settings', about: 'what can be set' },
    { run: 'deltawire relay demo:tools --port 0', about: 'until Ctrl-C', serves: true },
  ],
  load: async () => (await import('./relay.ts')).relay,
})
