import { command, type Command } from '../arguments/command.ts'
import { either, number, on, oneOf, text, whole } from '../arguments/value.ts'

/** Understood by every command. */
export const globalFlags = {
  quiet: { short: 'q', value: on, about: 'no notes on stderr, only errors' },
  verbose: { short: 'v', value: on, about: 'errors with their causes' },
  help: { short: 'h', value: on, about: 'this text' },
} as const

/** What the caller knows about a stream. */
const reading = {
  n: {
    short: 'n',
    value: whole('N', { min: 1 }),
    about: 'the request asked for N choices; with 1 every chunk belongs to the first, whatever it says',
  },
  cumulative: { value: on, about: 'every chunk repeats the whole text so far' },
} as const

const demonstration =
  'SOURCE is a file (also .gz), - for standard input (the default), or demo:NAME, one of our own recordings:'
const demos = 'text, tools, reasoning, tour, n2, refusal, utf8, cut and error.'
const formats = 'The format is found out: SSE, one chunk of JSON per line, a completion, or an error body.'

/** The commands of `deltawire`. Dispatch, help, checks and suggestions all follow from this table. */
export const commands = {
  ask: command({
    summary: 'ask a model and print the answer as it arrives',
    arguments: { placeholder: '[PROMPT…]', max: Infinity },
    flags: {
      model: { short: 'm', value: text('MODEL'), about: 'the model; $DELTAWIRE_MODEL when not given' },
      system: { short: 's', value: text('TEXT'), about: 'the system message' },
      json: { value: on, about: 'one JSON object at the end' },
      jsonl: { value: on, about: 'every chunk as a line of JSON, then that object' },
      reasoning: {
        value: oneOf('hide', 'show', 'only'),
        about: 'the thoughts of the model: on stderr (show), or instead of the answer (only); shown on a terminal',
      },
      usage: { short: 'u', value: on, about: 'tokens and times on stderr' },
      ...globalFlags,
    },
    conflicts: [['json', 'jsonl']],
    details: [
      'Asks the endpoint of $OPENAI_BASE_URL (https://api.openai.com/v1 when there is only a key) with the key in $OPENAI_API_KEY.',
      'Standard input that is not a terminal is added to the prompt, between <stdin> and </stdin>; without a prompt it is the prompt.',
      'A model named demo:NAME answers from a built-in recording, without key and network, unless $OPENAI_BASE_URL is set.',
    ],
    examples: [
      { run: 'deltawire ask -m demo:text "What is a chunk?"', about: 'no key, no network' },
      { run: 'echo "a b c" | deltawire ask -m demo:reasoning --reasoning show "Count these."', about: 'with input' },
      { run: 'deltawire ask -m demo:tools --json "Weather?" ', about: 'for a program' },
      {
        run: 'deltawire mock demo:text -- deltawire ask -u "Hello"',
        about: 'over HTTP, from a server that costs nothing',
      },
    ],
  }),

  merge: command({
    summary: 'fold a stream into the completion it stands for',
    arguments: { placeholder: '[SOURCE…]', max: Infinity },
    flags: {
      text: { value: on, about: 'only the text of a choice' },
      'tool-calls': { value: on, about: 'only the tool calls of a choice, with their arguments parsed' },
      usage: { value: on, about: 'only the usage' },
      choice: { value: whole('N', { min: 0 }), about: 'only the choice with this index' },
      stats: { value: on, about: 'figures of the stream on stderr' },
      strict: { value: on, about: 'exit 7 also when a finish reason is missing or something had to be repaired' },
      compact: { value: on, about: 'JSON on one line' },
      output: { short: 'o', value: text('FILE'), about: 'write to FILE instead of standard output' },
      ...reading,
      ...globalFlags,
    },
    conflicts: [
      ['text', 'tool-calls', 'usage'],
      ['choice', 'usage'],
      ['text', 'compact'],
    ],
    details: [
      `${demonstration} ${demos}`,
      `${formats} Several sources give one completion per line.`,
      'Exit code 0: the stream is complete. 7: it is broken; what had arrived is printed all the same, the reason is on stderr.',
    ],
    examples: [
      { run: 'deltawire merge demo:text', about: 'a stream as a completion' },
      { run: 'deltawire merge demo:tools --tool-calls', about: 'what did the model call?' },
      { run: 'deltawire convert demo:n2 --to sse | deltawire merge --text --choice 1', about: 'from a pipe' },
      { run: 'deltawire merge demo:cut --stats', about: 'a broken stream', exitCode: 7 },
    ],
  }),

  split: command({
    summary: 'turn a completion into the stream that folds into it',
    arguments: { placeholder: '[FILE]', max: 1 },
    flags: {
      by: {
        value: either(oneOf('character', 'word'), whole('N', { min: 1 })),
        default: 'word',
        about: 'how much text a chunk carries: a character, a word or N characters',
      },
      format: { value: oneOf('sse', 'jsonl'), default: 'sse', about: 'the shape of the stream' },
      'no-done': { value: on, about: 'leave out the [DONE] at the end' },
      ...globalFlags,
    },
    details: ['FILE may be any SOURCE of deltawire merge: a stream is folded first, and comes out cut anew.'],
    examples: [
      { run: 'deltawire merge demo:text | deltawire split --by character', about: 'one character per chunk' },
      { run: 'deltawire merge demo:tools | deltawire split | deltawire merge', about: 'there and back' },
    ],
  }),

  convert: command({
    summary: 'write a stream in another form, every oddity of its provider resolved',
    arguments: { placeholder: '[SOURCE]', max: 1 },
    flags: {
      to: { value: oneOf('sse', 'jsonl', 'completion', 'text'), default: 'sse', about: 'the form' },
      choice: { value: whole('N', { min: 0 }), about: 'only the choice with this index' },
      ...reading,
      ...globalFlags,
    },
    details: [`${demonstration} ${demos}`, formats],
    examples: [
      { run: 'deltawire convert demo:reasoning --to jsonl', about: 'one chunk per line, for jq' },
      { run: 'deltawire convert demo:utf8 --to text', about: 'only what a person reads' },
    ],
  }),

  mock: command({
    summary: 'serve recordings as an OpenAI-compatible endpoint',
    arguments: { placeholder: '[SOURCE…]', max: Infinity, command: '[-- COMMAND…]' },
    flags: {
      port: { value: whole('N', { min: 0, max: 65_535 }), default: 0, about: 'the port; 0 takes a free one' },
      host: { value: text('HOST'), default: '127.0.0.1', about: 'the address to listen on' },
      ttft: { value: number('MS', { min: 0 }), default: 0, about: 'milliseconds before the first chunk' },
      tps: { value: number('N', { min: 0 }), default: 0, about: 'chunks per second; 0 sends without a pause' },
      speed: { value: number('FACTOR', { min: 0 }), default: 1, about: 'divides those times; 0 means at once' },
      key: { value: text('KEY'), about: 'refuse requests without this key' },
      cors: { value: on, about: 'let web pages of any origin ask' },
      'print-env': { value: on, about: 'print the environment that leads clients here, for eval' },
      ...globalFlags,
    },
    details: [
      'Serves POST /v1/chat/completions (streamed or not), GET /v1/models and GET /healthz until Ctrl-C.',
      'The model of a request chooses the recording: demo:NAME, or the name of a SOURCE. Any other model gets the sources in turn, or demo:text.',
      'With a COMMAND: runs it with OPENAI_BASE_URL, OPENAI_API_KEY and DELTAWIRE_MODEL set, and ends with its exit code.',
    ],
    examples: [
      { run: 'deltawire mock demo:tools -- deltawire ask --jsonl "Weather in Oslo?"', about: 'one command against it' },
      { run: 'deltawire mock --ttft 300 --tps 50 -- deltawire ask "Hello"', about: 'at the pace of a model' },
      { run: 'deltawire mock --port 8080 --print-env', about: 'until Ctrl-C', serves: true },
    ],
  }),

  help: command({
    summary: 'this text, or the one of a command',
    arguments: { placeholder: '[COMMAND]', max: 1 },
    flags: { ...globalFlags },
    examples: [{ run: 'deltawire help merge', about: 'everything about merge' }],
  }),
} as const

export type CommandName = keyof typeof commands

export type FlagsOf<N extends CommandName> = (typeof commands)[N] extends Command<infer F> ? F : never

export const commandNames = Object.keys(commands) as CommandName[]

export function isCommandName(word: string): word is CommandName {
  return Object.hasOwn(commands, word)
}

/** The entry without the types of its flags, for those who treat all commands alike. */
export function entryOf(name: CommandName): Command {
  return commands[name]
}
