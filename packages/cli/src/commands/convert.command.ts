import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources, readingFlags } from '../arguments/reading-flags.ts'
import { oneOf, whole } from '../arguments/value.ts'

export const flags = defineFlags({
  to: {
    value: oneOf('sse', 'jsonl', 'completion', 'text', 'cumulative', 'recording'),
    default: 'sse',
    about: 'the form',
  },
  choice: { value: whole('N', { min: 0 }), about: 'only the choice with this index' },
  ...readingFlags,
})

export const convert = command({
  name: 'convert',
  section: 'streams',
  summary: 'write a stream in another form, every oddity of its provider resolved',
  arguments: { placeholder: '[SOURCE]', max: 1, completes: 'sources' },
  flags,
  details: [
    ...aboutSources,
    'cumulative: events whose deltas repeat the text before them, as some providers send it. recording: the bytes untouched, as lines of deltawire record; those of standard input with the time at which each came.',
  ],
  examples: [
    { run: 'deltawire convert demo:reasoning --to jsonl', about: 'one chunk per line, for jq' },
    { run: 'deltawire convert demo:utf8 --to text', about: 'only what a person reads' },
    {
      run: 'deltawire replay demo:text --gap 2ms | deltawire convert --to recording > call.jsonl; deltawire bench call.jsonl',
      about: 'a recording of what another program reads',
    },
  ],
  load: async () => (await import('./convert.ts')).convert,
})
