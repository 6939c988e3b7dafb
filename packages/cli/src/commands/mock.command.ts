import { command, defineFlags } from '../arguments/command.ts'
import { duration, number, on, oneOf, text, whole, type Value } from '../arguments/value.ts'

const percent: Value<number> = {
  placeholder: 'PERCENT',
  expected: 'a part such as 20%',
  read(given) {
    const [, amount = ''] = /^(\d+(?:\.\d+)?)%$/.exec(given) ?? []
    return amount === '' || Number(amount) > 100 ? undefined : Number(amount) / 100
  },
}

export const flags = defineFlags({
  port: { value: whole('N', { min: 0, max: 65_535 }), default: 0, about: 'the port; 0 takes a free one' },
  host: { value: text('HOST'), default: '127.0.0.1', about: 'the address to listen on' },
  match: {
    value: oneOf('model', 'last-user', 'request', 'seq'),
    default: 'model',
    about: 'by what a request finds its recording',
  },
  strict: { value: on, about: 'refuse a request that matches no recording, instead of answering with the next one' },
  ttft: { value: duration(), default: 0, about: 'the time before the first token' },
  tps: { value: number('N', { min: 0 }), default: 0, about: 'tokens per second; 0 sends without a pause' },
  jitter: { value: percent, about: 'both vary by up to this much, the same in every run' },
  speed: {
    value: number('FACTOR', { min: 0 }),
    about: 'at the pace that was recorded, times FACTOR; divides --ttft and --tps, too. Without it at once',
  },
  fault: { value: text('FAULT'), repeats: true, about: 'what goes wrong; see below' },
  key: { value: text('KEY'), about: 'refuse requests without this key' },
  cors: { value: on, about: 'let web pages of any origin ask' },
  'print-env': { value: on, about: 'print the environment that leads clients here, for eval' },
})

export const mock = command({
  name: 'mock',
  section: 'servers',
  summary: 'serve recordings as an OpenAI-compatible endpoint',
  arguments: { placeholder: '[SOURCE…|FOLDER…]', max: Infinity, completes: 'sources', command: '[-- COMMAND…]' },
  flags,
  details: [
    'Serves POST /v1/chat/completions (streamed or not), GET /v1/models and GET /healthz until Ctrl-C.',
    'The model of a request chooses the recording: demo:NAME, or the name of a SOURCE. Any other model gets the sources in turn, or demo:text. With --match last-user or request a recording of deltawire record is found by what was asked.',
    'With a COMMAND: runs it with OPENAI_BASE_URL, OPENAI_API_KEY and DELTAWIRE_MODEL set, and ends with its exit code.',
    'Faults, also in the header x-mock-fault of a request, with commas between: cut@1200b, cut@chunk:7, close-rst, close-rst@chunk:3, split@char, split@10b, stall@chunk:3:5s (without a time for ever), dup@chunk:4, reorder@chunk:4, error@chunk:5:overloaded_error, no-done, no-finish, no-usage, crlf, bom, gzip, status:429:retry-after=2. With :times=2 behind it a fault is for the first two requests only.',
  ],
  examples: [
    { run: 'deltawire mock demo:tools -- deltawire ask --jsonl "Weather in Oslo?"', about: 'one command against it' },
    { run: 'deltawire mock --ttft 300ms --tps 50 -- deltawire ask "Hello"', about: 'at the pace of a model' },
    { run: 'deltawire mock --fault cut@chunk:4 -- deltawire ask "Hello"', about: 'a broken stream', exitCode: 7 },
    {
      run: 'deltawire mock --fault status:503:times=1:retry-after=0 -- deltawire ask "Hello"',
      about: 'does a client try again?',
    },
    { run: 'deltawire mock --port 8080 --print-env', about: 'until Ctrl-C', serves: true },
  ],
  load: async () => (await import('./mock.ts')).mock,
})
