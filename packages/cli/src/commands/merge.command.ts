import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources, readingFlags } from '../arguments/reading-flags.ts'
import { on, text, whole } from '../arguments/value.ts'

export const flags = defineFlags({
  text: { value: on, about: 'only the text of a choice' },
  'tool-calls': { value: on, about: 'only the tool calls of a choice, with their arguments parsed' },
  usage: { value: on, about: 'only the usage' },
  choice: { value: whole('N', { min: 0 }), about: 'only the choice with this index' },
  all: { value: on, about: 'with --text or --tool-calls: those of every choice, as a list' },
  stats: { value: on, about: 'figures of the stream on stderr' },
  strict: { value: on, about: 'exit 7 also when a finish reason is missing or something had to be repaired' },
  progressive: { value: on, about: 'what there is so far, after every chunk: a line of JSON each' },
  compact: { value: on, about: 'JSON on one line' },
  output: { short: 'o', value: text('FILE'), about: 'write to FILE instead of standard output' },
  ...readingFlags,
})

export const merge = command({
  name: 'merge',
  section: 'streams',
  summary: 'fold a stream into the completion it stands for',
  arguments: { placeholder: '[SOURCE…]', max: Infinity, completes: 'sources' },
  flags,
  conflicts: [
    ['text', 'tool-calls', 'usage'],
    ['choice', 'usage'],
    ['all', 'choice'],
    ['all', 'usage'],
    ['text', 'compact'],
    ['progressive', 'compact'],
  ],
  details: [
    ...aboutSources,
    `Several sources give one completion per line.`,
    'Exit code 0: the stream is complete. 7: it is broken; what had arrived is printed all the same, the reason is on stderr.',
  ],
  examples: [
    { run: 'deltawire merge demo:text', about: 'a stream as a completion' },
    { run: 'deltawire merge demo:tools --tool-calls', about: 'what did the model call?' },
    { run: 'deltawire convert demo:n2 --to sse | deltawire merge --text --choice 1', about: 'from a pipe' },
    { run: 'deltawire merge demo:tools --tool-calls --progressive | tail -n 3', about: 'as it grows' },
    { run: 'deltawire merge @Chunks --text', about: 'an answer of the history', needs: 'history' },
    { run: 'deltawire merge demo:cut --stats', about: 'a broken stream', exitCode: 7 },
  ],
  load: async () => (await import('./merge.ts')).merge,
})
