import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources } from '../arguments/reading-flags.ts'
import { duration, number, oneOf, whole } from '../arguments/value.ts'

export const flags = defineFlags({
  speed: { value: number('FACTOR', { min: 0 }), default: 1, about: 'twice as fast with 2; 0 gives everything at once' },
  from: { value: duration(), about: 'leave out what came before this time' },
  until: { value: duration(), about: 'stop at this time' },
  'max-gap': { value: duration(), about: 'wait no longer than this for anything' },
  gap: { value: duration(), default: 25, about: 'the time between two events where no times were recorded' },
  format: {
    value: oneOf('bytes', 'sse', 'jsonl', 'text'),
    default: 'bytes',
    about: 'the bytes as they came, or what they mean: chunks as events, as lines of JSON, the text',
  },
  loop: { value: whole('N', { min: 1 }), implied: Infinity, about: 'again and again, N times or until Ctrl-C' },
})

export const replay = command({
  name: 'replay',
  section: 'streams',
  summary: 'give the bytes of a recording again, at the pace at which they came',
  arguments: { placeholder: '[SOURCE…]', max: Infinity, completes: 'sources' },
  flags,
  details: [
    ...aboutSources,
    'The bytes are those of the body, exactly; on a terminal control characters are shown and not obeyed.',
    'A recording of a connection that broke ends with exit code 7; with another format than bytes any stream that breaks does.',
  ],
  examples: [
    { run: 'deltawire replay demo:tools --speed 0 | deltawire merge --tool-calls', about: 'what did the model call?' },
    { run: 'deltawire replay demo:text --gap 5ms --format text', about: 'at the pace of a model' },
  ],
  load: async () => (await import('./replay.ts')).replay,
})
