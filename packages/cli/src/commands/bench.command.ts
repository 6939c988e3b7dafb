import { command, defineFlags } from '../arguments/command.ts'
import { requestFlags } from '../arguments/request-flags.ts'
import { duration, list, number, on, text, whole } from '../arguments/value.ts'
import { placeFlags, waitFlags } from '../endpoint.ts'

export const flags = defineFlags({
  ...requestFlags,
  prompt: {
    value: text('TEXT|@FILE'),
    about: 'what is asked; something with an answer of a few hundred tokens when not given',
  },
  'input-tokens': {
    value: whole('N', { min: 1, max: 10_000_000 }),
    about: 'ask with a prompt of about N tokens instead, another one each time',
  },
  'max-tokens': { value: whole('N', { min: 1 }), about: 'the longest answer' },
  requests: {
    short: 'n',
    value: whole('N', { min: 1 }),
    default: 20,
    about: 'how many answers are measured at each level',
  },
  concurrency: {
    short: 'c',
    value: list(whole('N', { min: 1, max: 1000 })),
    about: 'how many at a time, level by level: 1,4,16 (1)',
  },
  warmup: { value: whole('N', { min: 0 }), default: 1, about: 'answers before that are not counted' },
  rate: { value: number('N', { min: 0.001 }), about: 'begin so many in a second at most' },
  duration: { value: duration(), about: 'begin no more after this time, instead of after --requests' },
  json: { value: on, about: 'the figures as JSON' },
  output: { short: 'o', value: text('FILE'), about: 'write the figures as JSON to FILE, too' },
  compare: { value: text('FILE'), about: 'beside the figures of an earlier run' },
  'fail-if': {
    value: text('CONDITION'),
    repeats: true,
    about: 'exit 1 if so, as in ttft.p95>800ms, errors>0, gap.p50>+10%',
  },
  ascii: { value: on, about: 'no characters but ASCII in the plots' },
  ...placeFlags,
  ...waitFlags,
})

export const bench = command({
  name: 'bench',
  section: 'servers',
  summary: 'measure how fast an endpoint answers, or how fast it was when it was recorded',
  arguments: { placeholder: '[URL|SOURCE…|FOLDER…]', max: Infinity, completes: 'sources' },
  flags,
  conflicts: [
    ['duration', 'requests'],
    ['prompt', 'input-tokens'],
  ],
  details: [
    'Without a SOURCE the endpoint is asked, or the one of the URL, as in http://127.0.0.1:8080/v1; with recordings of deltawire record, what they show is measured, without key and network.',
    'Measured apart, in milliseconds since the request was sent: headers, firstByte, firstChunk (which mostly carries only a role), firstReasoning, firstContent, ttft (the first token of either), total. gap is the time between two chunks that carry something.',
    'Chunks are no tokens: chunkRate counts chunks, tokenRate the tokens of the usage. Where a server tells none they are a guess, marked with ~.',
    'Plotted are the spread of the gaps, ttft from answer to answer, and the gaps from the beginning of an answer to its end.',
    'The prompts of --input-tokens are words by lot, so that no server can use what it has kept of the one before; they are the same in every run.',
    'connect is the time of the connections that were opened. Most requests find one that is open.',
    'With --compare a condition can speak of a change: gap.p50>+10%.',
  ],
  examples: [
    {
      run: 'deltawire mock --ttft 30ms --tps 500 -- deltawire bench -n 5 --warmup 0 --ascii',
      about: 'a mock of known speed',
    },
    {
      run: 'deltawire mock --tps 500 -- deltawire bench -n 3 -c 1,3 --input-tokens 2000 --max-tokens 64',
      about: 'with long prompts, one at a time and three',
    },
    {
      run: 'deltawire mock --ttft 30ms --tps 500 -- deltawire bench -n 2 --json --fail-if "ttft.p50>10ms"',
      about: 'for a build',
      exitCode: 1,
    },
  ],
  load: async () => (await import('./bench.ts')).bench,
})
