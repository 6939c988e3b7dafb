import { command, defineFlags } from '../arguments/command.ts'
import { on, timeLimit } from '../arguments/value.ts'
import { configFlags } from '../config/config-flags.ts'
import { placeFlags } from '../endpoint.ts'

export const flags = defineFlags({ ...configFlags })
export const rmFlags = defineFlags({ yes: { short: 'y', value: on, about: 'without asking' }, ...configFlags })
export const testFlags = defineFlags({
  ...placeFlags,
  timeout: { value: timeLimit(), about: 'how long the answer may take (30s)' },
})

const load = async () => import('./keys.ts')
const profile = { placeholder: '[PROFILE]', max: 1, completes: 'nothing' } as const

export const keys = command({
  name: 'keys',
  section: 'itself',
  summary: 'the keys of profiles, which stand in no file of ours',
  arguments: { placeholder: '', max: 0 },
  flags,
  details: [
    'A profile names its key by keyCmd (a command that prints it), keyEnv (a variable), keyFile, or keyring: true. The keyring is that of the system: security on macOS, secret-tool on Linux, the vault of Windows. A key is never printed.',
  ],
  examples: [{ run: 'deltawire keys', about: 'where the key of each profile is' }],
  load: async () => (await load()).keysLs,
})

export const keysLs = command({
  name: 'keys ls',
  section: 'itself',
  summary: 'where the key of each profile is',
  arguments: { placeholder: '', max: 0 },
  flags,
  examples: [{ run: 'OPENAI_API_KEY=sk-0123456789 deltawire keys ls', about: 'never the key itself' }],
  load: async () => (await load()).keysLs,
})

export const keysSet = command({
  name: 'keys set',
  section: 'itself',
  summary: 'put the key of a profile into the keyring of the system: typed unseen, or from standard input',
  arguments: profile,
  flags,
  examples: [
    {
      run: 'echo sk-0123456789 | deltawire keys set nowhere || echo "there is no such profile"',
      needs: 'home',
      about: 'from a pipe',
    },
  ],
  load: async () => (await load()).keysSet,
})

export const keysRm = command({
  name: 'keys rm',
  section: 'itself',
  summary: 'take the key of a profile out of the keyring of the system',
  arguments: profile,
  flags: rmFlags,
  examples: [
    {
      run: 'deltawire keys rm --yes nowhere || echo "there is no such profile"',
      needs: 'home',
      about: 'without asking',
    },
  ],
  load: async () => (await load()).keysRm,
})

export const keysTest = command({
  name: 'keys test',
  section: 'itself',
  summary: 'find out whether the endpoint takes the key, by asking for its models',
  arguments: profile,
  flags: testFlags,
  examples: [
    { run: 'deltawire mock demo:text --key sk-0123456789 -- deltawire keys test', about: 'the one of the environment' },
  ],
  load: async () => (await load()).keysTest,
})
