import { command, defineFlags } from '../arguments/command.ts'
import { requestFlags } from '../arguments/request-flags.ts'
import { list, on, text, whole } from '../arguments/value.ts'
import { placeFlags, waitFlags } from '../endpoint.ts'

export const flags = defineFlags({
  ...requestFlags,
  output: { short: 'o', value: text('FILE'), about: 'write the recording to FILE, and print the answer' },
  dir: { value: text('FOLDER'), about: 'write every call to a file of its own in FOLDER' },
  redact: {
    value: list(text('NAME')),
    about: 'leave out these headers and fields of the request (body.messages), besides keys and cookies',
  },
  'no-stream': { value: on, about: 'ask for the answer in one piece' },
  proxy: { value: on, about: 'stand before the endpoint and record what others ask it' },
  port: { value: whole('N', { min: 0, max: 65_535 }), default: 0, about: 'of the proxy; 0 takes a free one' },
  host: { value: text('HOST'), default: '127.0.0.1', about: 'of the proxy' },
  'print-env': { value: on, about: 'print the environment that leads clients to the proxy, for eval' },
  'from-har': { value: text('FILE'), about: 'make recordings of what a browser or a proxy has kept as HAR' },
  'from-curl': { value: text('FILE'), about: 'make the call of a curl command, which FILE holds, and record it' },
  ...placeFlags,
  ...waitFlags,
})

/** What is asked, and whom: a HAR file and a curl command say it themselves. */
const asking = [
  ...(['model', 'system', 'option', 'request', 'no-stream', 'proxy', 'port', 'host', 'print-env'] as const),
  ...(['base-url', 'api-key', 'api-key-cmd', 'header', 'profile', 'config', 'no-config'] as const),
  ...(['connect-timeout', 'first-timeout', 'idle-timeout', 'timeout'] as const),
] as const
/** What a call of our own is. Those of others say it themselves, and wait as long as they like. */
const own = [
  ...(['system', 'option', 'request', 'no-stream'] as const),
  ...(['connect-timeout', 'first-timeout', 'idle-timeout', 'timeout'] as const),
] as const
const sending = ['http-proxy', 'ca', 'insecure'] as const

export const record = command({
  name: 'record',
  section: 'streams',
  summary: 'keep a call as it went over the wire, with the time of every read',
  arguments: { placeholder: '[PROMPT…]', max: Infinity, completes: 'nothing', command: '[-- COMMAND…]' },
  flags,
  conflicts: [
    ['output', 'dir'],
    ['output', 'proxy'],
    ...own.map((name) => ['proxy', name] as const),
    ...[...asking, ...sending, 'from-curl' as const].map((name) => ['from-har', name] as const),
    ...asking.map((name) => ['from-curl', name] as const),
  ],
  details: [
    'A recording is lines of JSON: the request and the head of the response, then every read. It is a SOURCE of every other command; deltawire replay gives the same bytes at the same pace.',
    'Keys and cookies are never stored; what else is in a request or an answer is.',
    'With --proxy: passes everything on to the endpoint and records it in --dir (recordings), until Ctrl-C. With a COMMAND: runs it with OPENAI_BASE_URL leading to the proxy, and ends with its exit code.',
    'The endpoint is asked not to compress; nothing else is changed.',
    'With --from-har: the chat completions of the file, without asking anybody; several need --dir. When each piece came is not in a HAR, so these recordings have no times.',
    'With --from-curl: FILE, or - for standard input, holds a curl command as documentation and developer tools have it ("Copy as cURL (bash)"). It is read, not run: no shell, no files, no other commands. $NAME is taken from the environment.',
  ],
  examples: [
    {
      run: 'deltawire mock demo:text -- deltawire record "What is a chunk?" | deltawire merge --text',
      about: 'a call, and what it answered',
    },
    {
      run: 'deltawire mock demo:tools -- deltawire record --proxy --dir rec -- deltawire ask --json "Weather?"',
      about: 'what another program asks',
    },
    {
      run: `deltawire mock demo:text -- sh -c 'deltawire ask --curl "Hello" | deltawire record --from-curl - | deltawire merge --text'`,
      about: 'what a curl command asks',
    },
    {
      run: 'deltawire record --proxy --base-url http://127.0.0.1:9/v1 --port 8787 --dir rec',
      about: 'until Ctrl-C',
      serves: true,
    },
  ],
  load: async () => (await import('./record.ts')).record,
})
