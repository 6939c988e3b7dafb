import { command, defineFlags } from '../arguments/command.ts'
import { on } from '../arguments/value.ts'
import { configFlags } from '../config/config-flags.ts'

export const flags = defineFlags({ ...configFlags })
export const showFlags = defineFlags({
  origin: { value: on, about: 'where each value comes from' },
  json: { value: on, about: 'as JSON' },
  ...configFlags,
})
export const checkFlags = defineFlags({
  schema: { value: on, about: 'print the JSON Schema of the file instead, for an editor' },
  ...configFlags,
})

const load = async () => import('./config.ts')

const about = [
  'A flag comes before the environment, that before the project file (.deltawire.json, here or in a folder above), that before your own file, that before the defaults.',
  'Your own file may hold comments. It has profile, profiles, aliases, prices, model, system, template, options, store, render, reasoning and usage; a profile has baseUrl, model, one of keyCmd, keyEnv, keyFile and keyring, keyHeader, organization, project, headers, options, timeouts, retries, proxy and caFile.',
  'A project file may only set model, system, template and options: a folder that somebody gave you must not lead your keys elsewhere.',
] as const

export const config = command({
  name: 'config',
  section: 'itself',
  summary: 'profiles, aliases and settings',
  arguments: { placeholder: '', max: 0 },
  flags: showFlags,
  details: about,
  examples: [{ run: 'deltawire config', about: 'what counts here and now' }],
  load: async () => (await load()).configShow,
})

export const configShow = command({
  name: 'config show',
  section: 'itself',
  summary: 'the settings that count here and now',
  arguments: { placeholder: '', max: 0 },
  flags: showFlags,
  details: about,
  examples: [{ run: 'DELTAWIRE_MODEL=demo:text deltawire config show --origin', about: 'and where they come from' }],
  load: async () => (await load()).configShow,
})

export const configGet = command({
  name: 'config get',
  section: 'itself',
  summary: 'one value of your own file',
  arguments: { placeholder: 'KEY', max: 1, completes: 'nothing' },
  flags,
  examples: [
    { run: 'deltawire config set model demo:text; deltawire config get model', needs: 'home', about: 'there and back' },
  ],
  load: async () => (await load()).configGet,
})

export const configSet = command({
  name: 'config set',
  section: 'itself',
  summary: 'set a value of your own file; without a value, take it out',
  arguments: { placeholder: 'KEY [VALUE]', max: 2, completes: 'nothing' },
  flags,
  details: [
    'KEY may lead into an object, as in profiles.local.baseUrl. VALUE is JSON where it is some, otherwise a text. Comments stay where they are.',
  ],
  examples: [
    {
      run: 'deltawire config set profiles.local.baseUrl http://127.0.0.1:8080/v1; deltawire config',
      needs: 'home',
      about: 'a profile',
    },
  ],
  load: async () => (await load()).configSet,
})

export const configEdit = command({
  name: 'config edit',
  section: 'itself',
  summary: 'open your own file in $EDITOR, and check it afterwards',
  arguments: { placeholder: '', max: 0 },
  flags,
  examples: [{ run: 'EDITOR=cat deltawire config edit', needs: 'home', about: 'in any editor' }],
  load: async () => (await load()).configEdit,
})

export const configPath = command({
  name: 'config path',
  section: 'itself',
  summary: 'where your own file is',
  arguments: { placeholder: '', max: 0 },
  flags,
  examples: [{ run: 'HOME=/home/me deltawire config path', about: 'by the environment' }],
  load: async () => (await load()).configPath,
})

export const configCheck = command({
  name: 'config check',
  section: 'itself',
  summary: 'name everything that is wrong in the files',
  arguments: { placeholder: '', max: 0 },
  flags: checkFlags,
  examples: [
    { run: 'deltawire config set usage 1; deltawire config check', needs: 'home', about: 'with its line', exitCode: 3 },
    { run: 'deltawire config check --schema', about: 'for an editor' },
  ],
  load: async () => (await load()).configCheck,
})
