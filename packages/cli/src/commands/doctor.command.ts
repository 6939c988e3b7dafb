import { colorFlag } from '../arguments/color-flag.ts'
import { command, defineFlags } from '../arguments/command.ts'
import { list, on, oneOf, text, timeLimit } from '../arguments/value.ts'
import { placeFlags } from '../endpoint.ts'

export const flags = defineFlags({
  model: { short: 'm', value: text('MODEL'), about: 'the model; $DELTAWIRE_MODEL when not given' },
  checks: { value: list(text('CHECK')), about: 'only these, and what they need; --list names them' },
  list: { value: on, about: 'print the checks, and ask nothing' },
  dir: { value: text('FOLDER'), about: 'keep a recording of every request in FOLDER, as evidence' },
  'fail-on': { value: oneOf('fail', 'warn', 'never'), default: 'fail', about: 'the least that ends with exit code 1' },
  json: { value: on, about: 'every check as a line of JSON' },
  ...colorFlag,
  ...placeFlags,
  timeout: { value: timeLimit(), about: 'how long one request may take (60s)' },
})

export const doctor = command({
  name: 'doctor',
  section: 'servers',
  summary: 'ask an endpoint what it can do, and say what is wrong with it and with us',
  arguments: { placeholder: '[URL]', max: 1, completes: 'nothing' },
  flags,
  details: [
    'Every check is pass, warn (a caller has to know), fail (ordinary clients will not work) or skip: could not be seen, since the model chose otherwise or something before it failed.',
    'It sends about twenty short requests. Keys are not shown and not stored.',
    'Exit code 0: nothing failed. 1: something is at or above --fail-on.',
  ],
  examples: [
    { run: 'deltawire mock demo:text -- deltawire doctor', about: 'of our own mock' },
    { run: 'deltawire doctor --list', about: 'what it looks at' },
    { run: 'deltawire doctor http://127.0.0.1:59999/v1 -m any', about: 'a server that is not there', exitCode: 1 },
  ],
  load: async () => (await import('./doctor.ts')).doctor,
})
