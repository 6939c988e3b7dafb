import { command, defineFlags } from '../arguments/command.ts'
import { on } from '../arguments/value.ts'
import { help as run } from './help.ts'

export const flags = defineFlags({
  man: { value: on, about: 'as a page for man' },
  markdown: { value: on, about: 'all commands as Markdown' },
})

export const help = command({
  name: 'help',
  section: 'itself',
  summary: 'this text, or the one of a command',
  arguments: { placeholder: '[COMMAND]', max: 2, completes: 'commands' },
  flags,
  conflicts: [['man', 'markdown']],
  examples: [
    { run: 'deltawire help merge', about: 'everything about merge' },
    { run: 'deltawire help --man > deltawire.1 && cat deltawire.1', about: 'for man -l deltawire.1' },
  ],
  // Not later: it is what many starts are for.
  load: async () => run,
})
