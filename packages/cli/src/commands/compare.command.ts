import { command, defineFlags } from '../arguments/command.ts'
import { on, text } from '../arguments/value.ts'
import { promptFlags } from '../chat/prompt-flags.ts'
import { endpointFlags } from '../endpoint.ts'

const {
  tool: _tool,
  yes: _yes,
  'max-steps': _maxSteps,
  record: _record,
  reasoning: _reasoning,
  template: _template,
  ...asked
} = promptFlags

export const flags = defineFlags({
  model: { short: 'm', value: text('MODEL'), repeats: true, about: 'a model, an alias, or PROFILE/MODEL' },
  template: promptFlags.template,
  ...asked,
  json: { value: on, about: 'one JSON object per model, when it has ended' },
  ...endpointFlags,
})

export const compare = command({
  name: 'compare',
  section: 'answers',
  summary: 'ask several models the same, and show their answers side by side',
  arguments: { placeholder: 'PROMPT…', max: Infinity, completes: 'nothing' },
  flags,
  details: [
    'All of them are asked at once. Where each has 24 columns of a terminal, the answers stand beside each other, otherwise one after the other; beneath each are its time, its tokens and its cost. Nothing is kept.',
    'Beside each other they are shown while they arrive, each with its state, its time to the first chunk and its tokens per second (with ~ while they are estimated): the last lines that have room, on a screen of their own. At the end all of it is printed once. Without colours ($NO_COLOR, --color never) or with TERM=dumb it is only printed at the end.',
    'Ctrl-C stops all of them, and prints what had arrived.',
    'The exit code is that of the first model that did not answer.',
  ],
  examples: [
    { run: 'deltawire compare -m demo:text -m demo:reasoning "Hello"', about: 'two recordings' },
    { run: 'deltawire compare -m demo:text -m demo:utf8 --json "Hello"', about: 'for a program' },
  ],
  load: async () => (await import('./compare.ts')).compare,
})
