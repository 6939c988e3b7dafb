import { command, defineFlags } from '../arguments/command.ts'

export const flags = defineFlags({})

export const completion = command({
  name: 'completion',
  section: 'itself',
  summary: 'a script that completes commands, flags and recordings in a shell',
  arguments: { placeholder: 'bash|zsh|fish|powershell', max: 1, completes: ['bash', 'zsh', 'fish', 'powershell'] },
  flags,
  details: ['The first lines of each script say where it goes.'],
  examples: [
    { run: 'deltawire completion bash', about: 'for ~/.bashrc: eval "$(deltawire completion bash)"' },
    { run: 'deltawire completion fish', about: 'for ~/.config/fish/completions/deltawire.fish' },
  ],
  load: async () => (await import('./completion.ts')).completion,
})
