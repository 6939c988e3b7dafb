import { command, defineFlags } from '../arguments/command.ts'
import { on } from '../arguments/value.ts'
import { configFlags } from '../config/config-flags.ts'

export const flags = defineFlags({ ...configFlags })
export const rmFlags = defineFlags({ yes: { short: 'y', value: on, about: 'without asking' }, ...configFlags })

const load = async () => import('./template.ts')
const name = { placeholder: 'NAME', max: 1, completes: 'nothing' } as const

export const template = command({
  name: 'template',
  section: 'answers',
  summary: 'prompts with gaps, kept under a name',
  arguments: { placeholder: '', max: 0 },
  flags,
  details: [
    'A template is a text file with a head between two lines of ---, which may hold description, model, system, option.NAME and param.NAME. {{input}} in its text is where the prompt goes, {{name}} where -P name=… goes.',
    'deltawire -t NAME -P tone=friendly < file uses one.',
  ],
  examples: [{ run: 'deltawire template', about: 'lists them, or says how to make the first', needs: 'home' }],
  load: async () => (await load()).templateLs,
})

export const templateLs = command({
  name: 'template ls',
  section: 'answers',
  summary: 'the templates that there are',
  arguments: { placeholder: '', max: 0 },
  flags,
  examples: [{ run: 'deltawire template ls', about: 'lists them', needs: 'home' }],
  load: async () => (await load()).templateLs,
})

export const templateShow = command({
  name: 'template show',
  section: 'answers',
  summary: 'print a template',
  arguments: name,
  flags,
  examples: [{ run: 'deltawire template show', about: 'without a name, one to begin with' }],
  load: async () => (await load()).templateShow,
})

export const templateNew = command({
  name: 'template new',
  section: 'answers',
  summary: 'make a template: from standard input, or in $EDITOR',
  arguments: name,
  flags,
  examples: [
    {
      run: 'echo "Shorter: {{input}}" | deltawire template new short; deltawire template ls',
      about: 'from a pipe',
      needs: 'home',
    },
  ],
  load: async () => (await load()).templateNew,
})

export const templateEdit = command({
  name: 'template edit',
  section: 'answers',
  summary: 'change a template in $EDITOR',
  arguments: name,
  flags,
  examples: [
    {
      run: 'echo "Short: {{input}}" | deltawire template new short; EDITOR=cat deltawire template edit short',
      about: 'in any editor',
      needs: 'home',
    },
  ],
  load: async () => (await load()).templateEdit,
})

export const templateRm = command({
  name: 'template rm',
  section: 'answers',
  summary: 'remove a template',
  arguments: name,
  flags: rmFlags,
  examples: [
    {
      run: 'echo "Short: {{input}}" | deltawire template new short; deltawire template rm -y short; deltawire template',
      about: 'for good',
      needs: 'home',
    },
  ],
  load: async () => (await load()).templateRm,
})
