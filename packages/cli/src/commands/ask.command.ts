import { command, defineFlags } from '../arguments/command.ts'
import { either, on, oneOf, text, whole } from '../arguments/value.ts'
import { respelled } from '../chat/ancestor-flags.ts'
import { conversationFlags } from '../chat/conversation-flags.ts'
import { promptFlags } from '../chat/prompt-flags.ts'
import { endpointFlags } from '../endpoint.ts'

export const flags = defineFlags({
  model: {
    short: 'm',
    value: text('MODEL'),
    about: 'the model, an alias, or PROFILE/MODEL; $DELTAWIRE_MODEL when not given',
  },
  ...promptFlags,
  'stdin-as': { value: text('NAME'), about: 'standard input is a file of that name' },
  edit: { short: 'e', value: on, about: 'write the prompt in $EDITOR' },
  request: {
    value: text('FILE'),
    about: 'the whole request as JSON, from a file or - for standard input; the other flags change it',
  },
  schema: {
    value: text('FILE|FIELDS'),
    about:
      "the answer is JSON of this schema, or of fields such as 'name, age int, tags string[]'; exit code 8 when it is not",
  },
  tee: {
    value: text('URL/TOPIC'),
    about:
      'ask through a relay, where others follow the topic: deltawire tail URL/TOPIC; a topic alone is one of $DELTAWIRE_RELAY_URL',
  },
  choices: { short: 'n', value: whole('N', { min: 1, max: 128 }), about: 'ask for N answers' },
  ...conversationFlags,
  format: {
    value: oneOf('md', 'text', 'json', 'jsonl', 'sse'),
    about:
      'Markdown as it reads (md, on a terminal), the text as it is (text, in a pipe), one object at the end (json), every chunk and then that object (jsonl), the bytes as they came (sse)',
  },
  json: { value: on, about: 'the same as --format json' },
  jsonl: { value: on, about: 'the same as --format jsonl' },
  raw: { short: 'r', value: on, about: 'the same as --format text' },
  extract: {
    short: 'x',
    value: either(whole('N', { min: 1 }), text('LANG')),
    implied: 1,
    about: 'only the first block of code, the Nth, or the first in that language; exit code 8 when there is none',
  },
  'raw-bytes': { value: on, about: 'a terminal gets the control characters of the answer: only for what you trust' },
  newline: { value: on, about: 'end the last line in a pipe, too' },
  'no-stream': { value: on, about: 'ask for the whole answer at once' },
  usage: { short: 'u', value: on, about: 'tokens, times and cost on stderr' },
  strict: { value: on, about: 'exit code 7 also when the finish reason is missing' },
  'allow-truncated': { value: on, about: 'exit code 0 also when the answer was cut at the token limit or by a filter' },
  'dry-run': { value: on, about: 'print the request and send nothing' },
  curl: { value: on, about: 'print the request as a curl command and send nothing' },
  ...endpointFlags,
})

export const ask = command({
  name: 'ask',
  section: 'answers',
  summary: 'ask a model and print the answer as it arrives',
  arguments: { placeholder: '[PROMPT…]', max: Infinity, completes: 'nothing' },
  flags,
  conflicts: [
    ['json', 'jsonl', 'raw', 'format', 'extract'],
    ['dry-run', 'curl'],
    ['continue', 'fork'],
    ['schema', 'choices'],
    ['tool', 'choices'],
  ],
  details: [
    'Asks the endpoint of the profile, or of $OPENAI_BASE_URL (https://api.openai.com/v1 when there is only a key) with the key in $OPENAI_API_KEY. deltawire help config tells about profiles.',
    'Standard input that is not a terminal is added to the prompt, between <stdin> and </stdin>; without a prompt it is the prompt. Files stand between <file name="…"> and </file>.',
    'Answers are kept, partial ones too: deltawire -c "go on". A model named demo:NAME answers from a built-in recording, without key and network, where no endpoint is named.',
  ],
  examples: [
    { run: 'deltawire ask -m demo:text "What is a chunk?"', about: 'no key, no network' },
    { run: 'echo "a b c" | deltawire ask -m demo:reasoning --reasoning show "Count these."', about: 'with input' },
    { run: 'deltawire ask -m demo:tools --json "Weather?" ', about: 'for a program' },
    { run: 'deltawire ask -m demo:text --dry-run -O top_p=0.9 "Hello"', about: 'what would be sent' },
    {
      run: 'deltawire mock demo:text -- deltawire ask -u "Hello"',
      about: 'over HTTP, from a server that costs nothing',
    },
  ],
  respelled,
  load: async () => (await import('./ask.ts')).ask,
})
