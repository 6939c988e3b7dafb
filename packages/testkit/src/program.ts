import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The environment variable that lists the programs which must be there, as in `chromium,redis`: without them tests fail. */
export const requiredVariable = 'DELTAWIRE_REQUIRE'

/** Programs that some tests drive. Each is one package of Debian, and of most other systems. */
const programs = {
  haproxy: { names: ['haproxy'], variable: 'HAPROXY_PROGRAM', package: 'haproxy' },
  nginx: { names: ['nginx'], variable: 'NGINX_PROGRAM', package: 'nginx' },
  chromium: { names: ['chromium', 'chromium-browser', 'google-chrome'], variable: 'CHROMIUM', package: 'chromium' },
  redis: { names: ['redis-server', 'valkey-server'], variable: 'REDIS_SERVER', package: 'redis-server' },
  tmux: { names: ['tmux'], variable: 'TMUX_PROGRAM', package: 'tmux' },
} as const

export type ProgramName = keyof typeof programs

/** The path of a program, or `undefined` where it is not installed: the variable first, then what the PATH has. */
export function program(name: ProgramName, env: NodeJS.ProcessEnv = process.env): string | undefined {
  const { names, variable } = programs[name]
  const named = env[variable]
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`${variable} names ${named}, which is not there`)
    return named
  }
  // Debian has servers where the PATH of an ordinary user does not lead.
  const folders = [...(env['PATH'] ?? '').split(delimiter), '/usr/sbin'].filter((folder) => folder !== '')
  return names.flatMap((file) => folders.map((folder) => join(folder, file))).find((path) => existsSync(path))
}

/** Why tests are left out, and how to get them, in one line. */
export function programMissing(name: ProgramName): string {
  const { package: debian, variable } = programs[name]
  return `${name} is not here: install it (apt-get install ${debian}) or name it in ${variable} to run these tests.`
}

/** Whether the environment demands this program. */
export function programRequired(name: ProgramName, env: NodeJS.ProcessEnv = process.env): boolean {
  return (env[requiredVariable] ?? '').split(',').includes(name)
}
