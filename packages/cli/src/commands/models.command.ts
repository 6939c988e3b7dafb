import { command, defineFlags } from '../arguments/command.ts'
import { on, timeLimit } from '../arguments/value.ts'
import { placeFlags } from '../endpoint.ts'

export const flags = defineFlags({
  json: { value: on, about: 'as a list of JSON' },
  ...placeFlags,
  timeout: { value: timeLimit(), about: 'how long the list may take (30s)' },
})

export const models = command({
  name: 'models',
  section: 'answers',
  summary: 'the models of the endpoint, and the aliases of the configuration',
  arguments: { placeholder: '[WORD…]', max: Infinity, completes: 'nothing' },
  flags,
  details: [
    'With words, only the models that hold all of them. Without an endpoint, the recordings that answer in the place of one.',
  ],
  examples: [
    { run: 'deltawire models', about: 'what can be asked without an endpoint' },
    { run: 'deltawire mock demo:text -- deltawire models reason', about: 'those of an endpoint' },
  ],
  load: async () => (await import('./models.ts')).models,
})
