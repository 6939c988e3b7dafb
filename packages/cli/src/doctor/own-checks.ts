import { isInNoProxy } from '@deltawire/node'
import { fail, pass, skip, warn, type Check } from './check.ts'

/** What can be wrong on this side: checked before the endpoint is asked. */
export const ownChecks = {
  node: {
    about: 'this Node.js',
    run() {
      const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
      const isSupported = (major === 20 && minor >= 19) || (major === 22 && minor >= 12) || major > 22
      return isSupported
        ? pass(`Node.js ${process.versions.node}`)
        : fail(`Node.js ${process.versions.node}; 20.19, 22.12 or later is needed`)
    },
  },
  terminal: {
    about: 'the terminal',
    run({ io: { stdout, stderr, env } }) {
      const where = stdout.isTTY ? `a terminal of ${stdout.columns?.() ?? 'unknown'} columns` : 'no terminal'
      const isColored = stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
      const text = `standard output is ${where}, ${isColored ? 'with' : 'without'} colours; standard error is ${stderr.isTTY ? 'one' : 'none'}`
      return pass(text)
    },
  },
  config: {
    about: 'the configuration',
    run({ config: { user, project } }) {
      // What is wrong with the user's own file has ended the run before.
      const problems = project?.problems ?? []
      if (problems.length > 0) return warn(`${project?.path}: ${problems.join('; ')}`)
      const paths = [user, project].flatMap((file) => (file?.document === undefined ? [] : [file.path]))
      return pass(paths.length === 0 ? 'there is none' : paths.join(' and '))
    },
  },
  'proxy-variables': {
    about: 'proxies of the environment',
    run({ io: { env }, endpoint }) {
      const names = ['HTTPS_PROXY', 'HTTP_PROXY', 'ALL_PROXY'].flatMap((name) => [name, name.toLowerCase()])
      const set = names.filter((name) => (env[name] ?? '') !== '')
      if (set.length === 0) return pass('none')
      const url = new URL(endpoint.baseURL)
      const isLocal = /^(?:localhost|127\.|\[::1\])/.test(url.hostname)
      return isLocal && !isInNoProxy(url, env)
        ? warn(`${set.join(', ')} is set, and NO_PROXY does not except ${url.hostname}`)
        : pass(`${set.join(', ')} is set`)
    },
  },
  key: {
    about: 'the key',
    run({ endpoint: { apiKey, secrets, keySource } }) {
      // That there is one, and where, is all that is said about it.
      if (apiKey !== '') return pass(`there is one, of ${apiKey.length} characters, from ${keySource}`)
      return secrets.length > 0 ? pass('there is one, in a header') : skip('there is none')
    },
  },
} as const satisfies Record<string, Check>
