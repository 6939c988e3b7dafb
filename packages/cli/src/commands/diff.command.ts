import { colorFlag } from '../arguments/color-flag.ts'
import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources, readingFlags } from '../arguments/reading-flags.ts'
import { on } from '../arguments/value.ts'

export const flags = defineFlags({
  text: { value: on, about: 'only the text' },
  chunks: { value: on, about: 'also how the answers were cut into chunks' },
  timing: { value: on, about: 'also when they came, where that was recorded' },
  strict: { value: on, about: 'also ids and times, which are new in every answer' },
  json: { value: on, about: 'every difference as a line of JSON' },
  ...colorFlag,
  ...readingFlags,
})

export const diff = command({
  name: 'diff',
  section: 'streams',
  summary: 'find what two answers do not have in common',
  arguments: { placeholder: 'SOURCE SOURCE', max: 2, completes: 'sources' },
  flags,
  conflicts: [
    ['text', 'chunks'],
    ['text', 'timing'],
  ],
  details: [
    'Compares what the streams mean, not their bytes: text and thoughts word by word, tool calls by value, finish reasons, usage.',
    ...aboutSources,
    'Exit code 0: the same. 1: not the same. 2: one of them cannot be read.',
  ],
  examples: [
    { run: 'deltawire diff demo:text demo:text', about: 'the same', says: 'nothing' },
    { run: 'deltawire diff demo:text demo:cut', about: 'not the same', exitCode: 1 },
    { run: 'deltawire convert demo:tools | deltawire diff demo:tools -', about: 'nothing was lost', says: 'nothing' },
  ],
  load: async () => (await import('./diff.ts')).diff,
})
