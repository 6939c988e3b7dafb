import { command, defineFlags } from '../arguments/command.ts'
import { text, whole } from '../arguments/value.ts'
import { endpointFlags } from '../endpoint.ts'

export const flags = defineFlags({
  ...endpointFlags,
  port: { value: whole('N', { min: 0, max: 65_535 }), default: 0, about: 'the port of the page; 0 takes a free one' },
  model: {
    short: 'm',
    value: text('MODEL'),
    about:
      'a model of the endpoint, instead of the script of the page; that of the profile, or $DELTAWIRE_MODEL, when only the endpoint is named',
  },
})

export const playground = command({
  name: 'playground',
  section: 'servers',
  summary: 'a page that shows the same answer on three ways, with buttons to break them',
  arguments: { placeholder: '', max: 0, completes: 'nothing' },
  flags,
  details: [
    'Starts a model, a backend and a relay of two nodes on this machine, and prints the address of the page. Needs no key and no network.',
    'With --model, --base-url or --profile the answers are those of the endpoint: its key stays here, and no page sees it.',
  ],
  examples: [{ run: 'deltawire playground', about: 'until Ctrl-C', serves: true }],
  load: async () => (await import('./playground.ts')).playground,
})
