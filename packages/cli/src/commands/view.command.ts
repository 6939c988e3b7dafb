import { colorFlag } from '../arguments/color-flag.ts'
import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources } from '../arguments/reading-flags.ts'
import { on } from '../arguments/value.ts'

export const flags = defineFlags({
  json: { value: on, about: 'every row as a line of JSON' },
  ...colorFlag,
  interactive: { short: 'i', value: on, about: 'step through the events in the terminal' },
  wide: { value: on, about: 'the whole text of every event, however long' },
})

export const view = command({
  name: 'view',
  section: 'streams',
  summary: 'look at a stream event by event: when, how large, what',
  arguments: { placeholder: '[SOURCE]', max: 1, completes: 'sources' },
  flags,
  conflicts: [
    ['interactive', 'json'],
    ['interactive', 'wide'],
    // JSON has the whole of it.
    ['json', 'wide'],
  ],
  details: [
    ...aboutSources,
    'The columns: the number of the event, its time and the time since the one before (of a recording), its bytes, what it carries, the choice, the text.',
    'With --interactive: j and k or the arrows move, Enter shows the whole event and h and l its neighbours, / searches and n goes on to the next, g and G go to the ends, q leaves.',
    'A stream that breaks is shown up to there, and ends with exit code 7.',
  ],
  examples: [
    { run: 'deltawire view demo:tour', about: 'what happens in it' },
    { run: 'deltawire view demo:tools --json', about: 'for a program' },
    { run: 'deltawire view demo:cut', about: 'where it breaks', exitCode: 7 },
  ],
  load: async () => (await import('./view.ts')).view,
})
