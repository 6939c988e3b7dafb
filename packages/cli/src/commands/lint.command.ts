import { command, defineFlags } from '../arguments/command.ts'
import { aboutSources, readingFlags } from '../arguments/reading-flags.ts'
import { list, on, oneOf, text, type Value } from '../arguments/value.ts'
import { profileNames, type ProfileName } from '../lint/profile-names.ts'

const profile: Value<ProfileName> = {
  placeholder: 'NAME',
  expected: `one of ${profileNames.join(', ')}`,
  words: profileNames,
  read: (given) => profileNames.find((name) => name === given),
}

export const flags = defineFlags({
  level: {
    value: oneOf('info', 'warning', 'error'),
    default: 'warning',
    about: 'the least that is printed; info is also what is legal but not as the official server sends it',
  },
  'fail-on': {
    value: oneOf('info', 'warning', 'error', 'never'),
    about: 'the least that ends with exit code 1; the same as --level when not given',
  },
  profile: {
    value: profile,
    default: 'openai',
    about: 'whose expectations: of who knows a server and its habits, of a client, of a lenient reader',
  },
  only: { value: list(text('RULE')), about: 'only these rules' },
  ignore: { value: list(text('RULE')), about: 'all but these rules' },
  json: { value: on, about: 'every finding as a line of JSON' },
  github: { value: on, about: 'as annotations of GitHub Actions' },
  sarif: { value: on, about: 'as SARIF 2.1.0' },
  rules: { value: on, about: 'print the rules, and lint nothing' },
  ...readingFlags,
})

export const lint = command({
  name: 'lint',
  section: 'streams',
  summary: 'find where a stream is not as the format has it',
  arguments: { placeholder: '[SOURCE…|FOLDER…]', max: Infinity, completes: 'sources' },
  flags,
  conflicts: [
    ['json', 'github', 'sarif'],
    ['only', 'ignore'],
    ['only', 'profile'],
  ],
  details: [
    ...aboutSources,
    'Says of every deviation where it is, what it is, what a client will do with it, and which clients were seen to break. Prints nothing when there is nothing to say.',
    'A recording of deltawire record also tells of the response and of its timing: the content type, silence, a proxy that collects the stream.',
    'With --profile azure, vllm, ollama, openrouter, mistral, gemini, dashscope, zai or cerebras what recordings of that server usually do is not told again: what is left is new. openai, the default, and llama.cpp have no such habits. With openai-python, openai-node, ai-sdk or langchain only what that client was seen to fail at is told, and with lenient only where every reader loses something.',
    'Exit code 0: nothing found. 1: something was found at or above --fail-on.',
  ],
  examples: [
    { run: 'deltawire lint demo:text', about: 'nothing to say', says: 'nothing' },
    { run: 'deltawire lint demo:cut', about: 'a stream that breaks off', exitCode: 1 },
    { run: 'deltawire lint demo:reasoning --level info --fail-on never', about: 'what is not official' },
    { run: 'deltawire lint demo:utf8 --profile openai-python', about: 'does it break this client?', exitCode: 1 },
    { run: 'deltawire lint demo:cut demo:error --github', about: 'for a build', exitCode: 1 },
    { run: 'deltawire lint --rules', about: 'everything it looks for' },
  ],
  load: async () => (await import('./lint.ts')).lint,
})
