import { command, defineFlags } from '../arguments/command.ts'
import { duration, either, on, oneOf, whole } from '../arguments/value.ts'

export const flags = defineFlags({
  by: {
    value: either(oneOf('character', 'word'), whole('N', { min: 1 })),
    default: 'word',
    about: 'how much text a chunk carries: a character, a word or N characters',
  },
  format: { value: oneOf('sse', 'jsonl'), default: 'sse', about: 'the shape of the stream' },
  interval: { value: duration(), default: 0, about: 'the time between two chunks' },
  'no-usage': { value: on, about: 'leave out the usage, as for a request that did not ask for it' },
  'no-done': { value: on, about: 'leave out the [DONE] at the end' },
})

export const split = command({
  name: 'split',
  section: 'streams',
  summary: 'turn a completion into the stream that folds into it',
  arguments: { placeholder: '[FILE]', max: 1, completes: 'sources' },
  flags,
  details: ['FILE may be any SOURCE of deltawire merge: a stream is folded first, and comes out cut anew.'],
  examples: [
    { run: 'deltawire merge demo:text | deltawire split --by character', about: 'one character per chunk' },
    {
      run: 'deltawire merge demo:text | deltawire split --interval 5ms | deltawire convert --to text',
      about: 'at a pace',
    },
    { run: 'deltawire merge demo:tools | deltawire split | deltawire merge', about: 'there and back' },
  ],
  load: async () => (await import('./split.ts')).split,
})
