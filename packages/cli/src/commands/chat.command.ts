import { command, defineFlags } from '../arguments/command.ts'
import { on, oneOf, text, type Value } from '../arguments/value.ts'
import { conversationFlags } from '../chat/conversation-flags.ts'
import { promptFlags } from '../chat/prompt-flags.ts'
import { endpointFlags } from '../endpoint.ts'

/** Between any two characters stands nothing. */
const notEmpty: Value<string> = {
  ...text('TEXT'),
  expected: 'a text that is not empty',
  read: (given) => (given === '' ? undefined : given),
}

export const flags = defineFlags({
  model: {
    short: 'm',
    value: text('MODEL'),
    about: 'the model, an alias, or PROFILE/MODEL; $DELTAWIRE_MODEL when not given',
  },
  ...promptFlags,
  ...conversationFlags,
  format: {
    value: oneOf('md', 'text'),
    about: 'how answers are shown: as Markdown (on a terminal) or as the text that they are',
  },
  usage: { short: 'u', value: on, about: 'tokens, times and cost after every answer' },
  delimiter: { value: notEmpty, about: 'what stands between two prompts of a script (a line end)' },
  ...endpointFlags,
})

export const chat = command({
  name: 'chat',
  section: 'answers',
  summary: 'talk with a model, message by message',
  arguments: { placeholder: '[PROMPT…]', max: Infinity, completes: 'nothing' },
  flags,
  conflicts: [['continue', 'fork']],
  details: [
    'A paste of several lines is one message. Alt-Enter, or a backslash at the end, makes a new line. Ctrl-C stops an answer and keeps what has arrived. /help lists what else there is.',
    'Standard input that is no terminal is a script: one prompt, or one command, per line.',
  ],
  examples: [
    { run: 'echo "What is a chunk?" | deltawire chat -m demo:text', about: 'a script of one line' },
    { run: 'printf "Hello\\n/tree\\n" | deltawire chat -m demo:text --no-store', about: 'with a command' },
  ],
  load: async () => (await import('./chat.ts')).chat,
})
