import { command, defineFlags } from '../arguments/command.ts'
import { duration, either, on, oneOf, whole, type Value } from '../arguments/value.ts'
import type { CutUnit } from '../split/cut-of.ts'

const bytes: Value<{ readonly bytes: number }> = {
  placeholder: 'bytes=N',
  expected: 'so many bytes as in bytes=16',
  read(given) {
    const [, count = '0'] = /^bytes=(\d+)$/.exec(given) ?? []
    return Number(count) > 0 && Number.isSafeInteger(Number(count)) ? { bytes: Number(count) } : undefined
  },
}

const unit: Value<CutUnit> = either(either(oneOf('character', 'word', 'token'), whole('N', { min: 1 })), bytes)

export const flags = defineFlags({
  by: {
    value: unit,
    default: 'word',
    about: 'how much text a chunk carries: a character, a word, a token, N characters, or at most N bytes',
  },
  seed: {
    value: whole('N', { min: 0, max: 0xffff_ffff }),
    about: 'more or less of it by lot, the same for the same N: 1 to 4 words, 1 to nearly twice the characters',
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
  details: [
    'FILE may be any SOURCE of deltawire merge: a stream is folded first, and comes out cut anew.',
    'A character is never cut. Tokens are those of o200k_base, the encoding of the models of OpenAI since GPT-4o; other models have other ones. With --seed a chunk carries 1 to 4 characters, words or tokens, or from 1 to nearly twice as many characters or bytes as --by says.',
  ],
  examples: [
    { run: 'deltawire merge demo:text | deltawire split --by character', about: 'one character per chunk' },
    {
      run: 'deltawire merge demo:text | deltawire split --interval 5ms | deltawire convert --to text',
      about: 'at a pace',
    },
    { run: 'deltawire split demo:utf8 --by token --format jsonl', about: 'as a model writes it' },
    { run: 'deltawire split demo:text --seed 7 --by bytes=12', about: 'cuts by lot, the same in every run' },
    { run: 'deltawire merge demo:tools | deltawire split | deltawire merge', about: 'there and back' },
  ],
  load: async () => (await import('./split.ts')).split,
})
